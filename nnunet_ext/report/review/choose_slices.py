"""Which slices show a case: axial ones along the cord, sagittal ones across it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.volume import Array
from nnunet_ext.report.planes import BoolArray
from nnunet_ext.report.review.cord_centres import cord_centres

AXIAL_SLICES: Final = 14
SAGITTAL_SLICES: Final = 5
_FOR_LESIONS: Final = 9  # of the axial ones; the rest shows the cord above and below
_LESION_MARGIN_MM: Final = 3.0
_ENOUGH: Final = 0.5  # of the area that a lesion has where it is largest: it shows there, too
_SAGITTAL_SHARES: Final = (0.08, 0.29, 0.5, 0.71, 0.92)  # of the cord's voxels that lie further left
_DEPTH_MARGIN_MM: Final = 30.0
_HEIGHT_MARGIN_MM: Final = 12.0

Range = tuple[float, float]
"""Edges of a window along one axis, in voxels; the first voxel reaches from 0 to 1."""


@dataclass(frozen=True)
class Slices:
    """Slices of a volume with axes left-right, back-front and down-up.

    Parameters
    ----------
    axial
        Indices, from the head down.
    centres
        Of the guide in each axial slice, along left-right and back-front, in voxels from the edge.
    sagittal
        Indices, ascending.
    window
        What is shown of the sagittal slices: along back-front and along down-up.
    """

    axial: tuple[int, ...]
    centres: tuple[tuple[float, float], ...]
    sagittal: tuple[int, ...]
    window: tuple[Range, Range]


def choose_slices(
    shape: Sequence[int],
    spacing: Sequence[float],
    regions: Sequence[BoolArray],
    guide: BoolArray | None = None,
    lesions: Array | None = None,
) -> Slices:
    """Choose slices by the masks.

    Parameters
    ----------
    shape, spacing, regions
        As for `choose_planes`. Slices with voxels of the innermost, and 3 mm around them, come first among the axial
        ones; a sagittal one goes through where it is largest. All empty, or none: slices spread over the whole volume.
    guide
        Mask that the axial slices are centred on; where it ends, what goes on beside its last centre leads further.
        None: the outermost region.
    lesions
        Numbers of lesions, 0 elsewhere: as many of them as can be are shown in one axial slice at least.
    """
    filled = [region for region in regions if region.any()]
    if not filled:
        return _around_the_middle(shape)
    cord: BoolArray = np.logical_or.reduce(filled)
    innermost = filled[-1] if len(regions) > 1 and regions[-1].any() else None
    axial = _axial(cord, innermost, spacing[2], _one_for_each(lesions))
    lead = filled[0] if guide is None or not guide.any() else guide
    window = (
        _window(np.asarray(cord.any(axis=(0, 2))), _DEPTH_MARGIN_MM / spacing[1]),
        _window(np.asarray(cord.any(axis=(0, 1))), _HEIGHT_MARGIN_MM / spacing[2]),
    )
    centres = cord_centres(lead, cord, spacing)
    return Slices(
        axial, tuple((float(x), float(y)) for x, y in centres[list(axial)]), _sagittal(cord, filled[-1]), window
    )


def _around_the_middle(shape: Sequence[int]) -> Slices:
    across, along, up = shape
    axial = _spread(np.arange(up), min(AXIAL_SLICES, up))
    sagittal = _spread(np.arange(across // 4, max(across - across // 4, across // 4 + 1)), SAGITTAL_SLICES)
    middle = (across / 2, along / 2)
    return Slices(axial[::-1], (middle,) * len(axial), sagittal, ((0, along), (0, up)))


def _one_for_each(lesions: Array | None) -> list[int]:
    """Give slices so that each lesion is in one, the largest lesions first: seldom more than are needed."""
    chosen: list[int] = []
    if lesions is None or not lesions.any():
        return chosen
    places = np.nonzero(lesions)
    areas = np.zeros((int(lesions.max()) + 1, lesions.shape[2]), dtype=np.int64)
    np.add.at(areas, (lesions[places].astype(np.int64), places[2]), 1)
    for number in np.argsort(-areas.sum(axis=1), kind="stable").tolist():
        area = areas[number]
        if area.any() and not any(area[level] >= _ENOUGH * area.max() for level in chosen):
            chosen.append(int(np.argmax(area)))
    return chosen[:AXIAL_SLICES]


def _axial(cord: BoolArray, lesion: BoolArray | None, height: float, needed: Sequence[int]) -> tuple[int, ...]:
    levels = np.flatnonzero(cord.any(axis=(0, 1)))
    wanted: set[int] = set(needed)
    ill = np.zeros(0, dtype=np.intp)
    if lesion is not None:
        ill = np.flatnonzero(lesion.any(axis=(0, 1)))
        margin = int(_LESION_MARGIN_MM / height)
        near = np.unique(np.clip((ill[:, np.newaxis] + np.arange(-margin, margin + 1)).ravel(), levels[0], levels[-1]))
        near = ill if len(ill) >= _FOR_LESIONS else near
        wanted |= set(_spread(np.setdiff1d(near, list(wanted)), _FOR_LESIONS - len(wanted)))
        wanted |= set(_spread(ill, 1)) if len(wanted) < AXIAL_SLICES else set()
    for others in (np.setdiff1d(levels, ill), levels):  # the healthy cord first
        rest = np.setdiff1d(others, np.array(sorted(wanted), dtype=np.intp))
        wanted |= set(_spread(rest, AXIAL_SLICES - len(wanted)))
    return tuple(sorted(wanted, reverse=True))


def _spread(levels: npt.NDArray[np.intp], number: int) -> tuple[int, ...]:
    """Take `number` of them, evenly and without the outermost; all where there are no more."""
    if number <= 0:
        return ()
    if len(levels) <= number:
        return tuple(levels.tolist())
    positions = (np.arange(number) + 0.5) / number * len(levels)
    return tuple(levels[positions.astype(int)].tolist())


def _sagittal(cord: BoolArray, innermost: BoolArray) -> tuple[int, ...]:
    """Spread over the cord, so that of a curved one every part shows; one goes through the fullest of the innermost."""
    voxels = np.cumsum(np.count_nonzero(cord, axis=(1, 2)))
    chosen = {int(np.searchsorted(voxels, share * voxels[-1])) for share in _SAGITTAL_SHARES}
    fullest = int(np.argmax(np.count_nonzero(innermost, axis=(1, 2))))
    if fullest not in chosen:
        if len(chosen) >= SAGITTAL_SLICES:
            chosen.remove(min(chosen, key=lambda index: abs(index - fullest)))
        chosen.add(fullest)
    return tuple(sorted(chosen))


def _window(present: npt.NDArray[np.bool_], margin: float) -> Range:
    where = np.flatnonzero(present)
    return max(float(where[0]) - margin, 0.0), min(float(where[-1]) + 1 + margin, float(len(present)))
