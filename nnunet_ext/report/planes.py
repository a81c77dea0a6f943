"""Which slices of a case are worth a look, and which part of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

BoolArray = npt.NDArray[np.bool_]
Box = tuple[slice, slice]
Role = Literal["reference", "prediction"]
RegionMasks = Mapping[Role, BoolArray]
"""The masks of one region on the grid of its image: what people drew, and what the model says."""

AXIAL_SLICES: Final = 4
_AXIAL_MARGIN_MM: Final = 16.0  # the canal and what borders it
_SAGITTAL_MARGIN_MM: Final = 35.0


@dataclass(frozen=True)
class Planes:
    """Slices and windows of one volume with axes left-right, back-front and down-up.

    Parameters
    ----------
    sagittal
        Index of the sagittal slice.
    sagittal_box
        What is shown of it: ranges along back-front and down-up.
    axial
        Indices of the axial slices, from the head down.
    axial_boxes
        What is shown of each: ranges along left-right and back-front.
    """

    sagittal: int
    sagittal_box: Box
    axial: tuple[int, ...]
    axial_boxes: tuple[Box, ...]


def choose_planes(shape: Sequence[int], spacing: Sequence[float], regions: Sequence[BoolArray]) -> Planes:
    """Choose a sagittal and some axial slices.

    Parameters
    ----------
    shape
        Voxels along left-right, back-front and down-up (either way each).
    spacing
        Voxel size along the same axes, in mm.
    regions
        Masks of that shape from the outermost (the cord) to the innermost (the lesion), reference and prediction
        joined. The sagittal slice is the one with most voxels of the innermost that is not empty; the axial ones
        spread over it, then over the outer ones. All empty, or none: slices around the centre, shown whole.

    Returns
    -------
    Planes
        Up to `AXIAL_SLICES` axial slices, each once.
    """
    filled = [region for region in regions if region.any()]
    if not filled:
        filled = [np.ones(shape, dtype=np.bool_)]
    cord = np.logical_or.reduce(filled)
    axial = _spread(filled)
    return Planes(
        sagittal=_fullest(filled[-1]),
        sagittal_box=_window(cord.any(axis=0), spacing[1:], _SAGITTAL_MARGIN_MM),
        axial=axial,
        axial_boxes=tuple(_window(cord[:, :, index], spacing[:2], _AXIAL_MARGIN_MM) for index in axial),
    )


def _fullest(region: BoolArray) -> int:
    """Give the sagittal slice with most voxels; of equal ones, the middle."""
    voxels = np.count_nonzero(region, axis=(1, 2))
    best = np.flatnonzero(voxels == voxels.max())
    return int(best[len(best) // 2])


def _spread(regions: Sequence[BoolArray]) -> tuple[int, ...]:
    """Give axial slices from the head down: first through the innermost region, then through those around it."""
    chosen: set[int] = set()
    for region in reversed(regions):
        levels = np.flatnonzero(region.any(axis=(0, 1)))
        # Inner positions only: the first and last slice of a region show little of it.
        positions = (np.arange(AXIAL_SLICES) + 0.5) / AXIAL_SLICES * len(levels)
        for level in levels[positions.astype(int)]:
            if len(chosen) < AXIAL_SLICES:
                chosen.add(int(level))
    return tuple(sorted(chosen, reverse=True))


def _window(mask: BoolArray, spacing: Sequence[float], margin_mm: float) -> Box:
    rows, columns = box_around(mask, spacing, margin_mm)
    return rows, columns


def box_around(mask: BoolArray, spacing: Sequence[float], margin_mm: float) -> tuple[slice, ...]:
    """Give the ranges that hold a mask with a margin, one along each axis; an empty mask gives all."""
    found = ndimage.find_objects(mask.astype(np.uint8))
    if not found:
        return tuple(slice(0, length) for length in mask.shape)
    margins = (round(margin_mm / size) for size in spacing)
    return tuple(
        slice(max(side.start - margin, 0), min(side.stop + margin, length))
        for side, margin, length in zip(found[0], margins, mask.shape, strict=True)
    )
