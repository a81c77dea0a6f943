"""Another person's shape: a tissue map bent, stretched, shifted and mirrored at random."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.cord import TissueMap

_BEND_MM: Final = 60.0


@dataclass(frozen=True)
class WarpSize:
    """How far a map is changed; standard deviations.

    Parameters
    ----------
    scale
        Of the logarithm, about its mean, which all axes share in part.
    shear
        Of the tangent of the angle between one axis and another.
    bend_mm
        Of the smooth shifts.
    """

    scale: float = 0.1
    shear: float = 0.1
    bend_mm: float = 1.2


def warped(
    tissue: TissueMap,
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    size: WarpSize,
    rng: np.random.Generator,
) -> TissueMap:
    """Take a changed piece out of a tissue map.

    Whole rows along the last axis are moved as one, which makes this many times as fast as a free deformation: what
    moves along the first two axes depends on them alone, what moves along the last on all three.

    Parameters
    ----------
    tissue
        A piece larger than what is wanted.
    shape
        Of the piece that is wanted; it lies anywhere in `tissue` that there is room.
    spacing
        Voxel sizes in mm.
    size
        How far.
    rng
        Chance.

    Returns
    -------
    ndarray
        uint8 of `shape`. Beyond the edge of `tissue` its outermost voxels are repeated.
    """
    scale = np.exp(rng.normal(0, size.scale) * 0.7 + rng.normal(0, size.scale, 3) * 0.5)
    room = [max(have - want, 0) for have, want in zip(tissue.shape, shape, strict=True)]
    starts = [rng.uniform(0, free) for free in room]
    up, front, left = (
        (np.arange(want) - want / 2) * factor + want / 2 + start
        for want, factor, start in zip(shape, scale, starts, strict=True)
    )
    middle = [(axis[0] + axis[-1]) / 2 for axis in (up, front, left)]
    away = [(axis - centre) * mm for axis, centre, mm in zip((up, front, left), middle, spacing, strict=True)]
    shear = rng.normal(0, size.shear, 4)
    bends = [_bend(away[0], size.bend_mm, rng) for _ in range(2)]
    rows_up = up[:, None] + shear[0] * away[1][None, :] / spacing[0]
    rows_front = front[None, :] + (shear[1] * away[0] + bends[0])[:, None] / spacing[1]
    shift = ((shear[2] * away[0] + bends[1])[:, None] + shear[3] * away[1][None, :]) / spacing[2]
    shift = shift + _bend(away[1], size.bend_mm / 2, rng)[None, :] / spacing[2]
    place_left = left[None, None, :] + shift[:, :, None]
    if rng.random() < 0.5:
        place_left = place_left[:, :, ::-1]
    index = _clipped(place_left, tissue.shape[2])
    index += (_clipped(rows_up, tissue.shape[0]) * tissue.shape[1] + _clipped(rows_front, tissue.shape[1]))[
        :, :, None
    ] * np.int32(tissue.shape[2])
    return np.ascontiguousarray(tissue).reshape(-1)[index]


def _clipped(place: npt.NDArray[np.floating], size: int) -> npt.NDArray[np.int32]:
    result: npt.NDArray[np.int32] = np.clip(place + 0.5, 0, size - 1).astype(np.int32)
    return result


def _bend(away_mm: npt.NDArray[np.floating], amplitude_mm: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw a smooth shift in mm along one axis: a few waves."""
    total = np.zeros(len(away_mm))
    for _ in range(3):
        frequency = rng.normal(0, 2 * np.pi / _BEND_MM)
        total += np.sin(frequency * away_mm + rng.uniform(0, 2 * np.pi))
    result: npt.NDArray[np.float64] = total * amplitude_mm * np.sqrt(2 / 3)
    return result
