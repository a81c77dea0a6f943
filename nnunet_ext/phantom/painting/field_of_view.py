"""What of a patch an image shows: whole necks, tight boxes around the cord, or places beside it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]

_SMALLEST_MM: Final = (14.0, 24.0, 20.0)  # upwards, forwards, leftwards


@dataclass(frozen=True)
class FieldShares:
    """How often images show what.

    Parameters
    ----------
    box
        A box around the cord, each side drawn by itself.
    short
        Few slices along the cord, whatever is seen across it.
    beside
        A place without cord next to it.
    margins_mm
        Least and most distance from the cord to the sides of a box.
    """

    box: float = 0.6
    short: float = 0.3
    beside: float = 0.05
    margins_mm: tuple[float, float] = (5.0, 32.0)


def draw_field(cord: Bools, spacing: tuple[float, ...], shares: FieldShares, rng: np.random.Generator) -> Bools:
    """Draw which voxels are seen.

    Parameters
    ----------
    cord
        Where the cord is; where it is nowhere, a box lies about the middle.
    spacing
        Voxel sizes in mm.
    shares
        How often what.
    rng
        Chance.

    Returns
    -------
    ndarray
        True in a box of the grid; all of it for an image that fills the patch.
    """
    hit = [np.flatnonzero(cord.any(axis=tuple(other for other in range(3) if other != axis))) for axis in range(3)]
    sides = [(0, size) for size in cord.shape]
    if rng.random() < shares.box:
        for axis in (1, 2):
            sides[axis] = _around(hit[axis], cord.shape[axis], spacing[axis], shares.margins_mm, rng)
    if rng.random() < shares.short:
        sides[0] = _piece(hit[0], cord.shape[0], spacing[0], rng)
    if rng.random() < shares.beside and hit[2].size:
        sides[2] = _beside(hit[2], cord.shape[2], rng)
    sides = [
        _at_least(side, size, least / mm)
        for side, size, least, mm in zip(sides, cord.shape, _SMALLEST_MM, spacing, strict=True)
    ]
    seen = np.zeros(cord.shape, dtype=bool)
    seen[tuple(slice(*side) for side in sides)] = True
    return seen


def _around(
    hit: npt.NDArray[np.intp], size: int, mm: float, margins: tuple[float, float], rng: np.random.Generator
) -> tuple[int, int]:
    first, last = (int(hit[0]), int(hit[-1])) if hit.size else (size // 2, size // 2)
    before, after = rng.uniform(*margins, 2) / mm
    return max(int(first - before), 0), min(int(last + after) + 1, size)


def _piece(hit: npt.NDArray[np.intp], size: int, mm: float, rng: np.random.Generator) -> tuple[int, int]:
    length = min(max(int(rng.uniform(_SMALLEST_MM[0], size * mm) / mm), 2), size)
    middle = int(rng.choice(hit)) if hit.size else size // 2
    start = int(np.clip(middle - rng.uniform(0, length), 0, size - length))
    return start, start + length


def _beside(hit: npt.NDArray[np.intp], size: int, rng: np.random.Generator) -> tuple[int, int]:
    first, last = int(hit[0]), int(hit[-1])
    return (0, max(first, 1)) if (rng.random() < 0.5) == (first > size - last) else (min(last + 1, size - 1), size)


def _at_least(side: tuple[int, int], size: int, least: float) -> tuple[int, int]:
    lack = int(np.ceil(least)) - (side[1] - side[0])
    if lack <= 0:
        return side
    return max(side[0] - lack // 2, 0), min(side[1] + lack - lack // 2, size)
