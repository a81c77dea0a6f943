"""The cord among all that was marked as cord: the largest tube."""

from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from nnunet_ext.core.components import components
from nnunet_ext.core.rounding import ROUNDING
from nnunet_ext.core.volume import Affine, Array, Volume

ALONG_MM: Final = 50.0
"""Two pieces of cord this far apart along the body are one cord: a metal implant hides two vertebrae."""

ACROSS_MM: Final = 10.0
"""The same across the body: about a cord's width, so that a vessel or a kidney beside it is not taken along."""

SMALLEST_CORD_MM3: Final = 50.0
"""One millimetre of a thin cord (its section is 50 to 80 mm²): less is noise, and no cord was found."""

_NEIGHBOURS: Final = 26


def largest_tube(cord: Volume, along_mm: float = ALONG_MM, across_mm: float = ACROSS_MM) -> npt.NDArray[np.bool_]:
    """Keep the largest tube of a predicted cord, and drop what lies far from it.

    Voxels that touch (26 neighbours) are a piece. Two pieces belong to one tube where a voxel of one lies in the
    ellipsoid around a voxel of the other that reaches `along_mm` up and down and `across_mm` in all directions across
    (in the world, so that neither the order of the axes nor their obliqueness matters); and so do the pieces that each
    of them reaches in turn. The tube with the most voxels is kept; of equally large ones all are.

    Parameters
    ----------
    cord
        Voxels above 0 are cord; any orientation.
    along_mm, across_mm
        The widest gap that is bridged.

    Returns
    -------
    array
        bool, shape (i, j, k); the gaps themselves stay empty. An empty mask gives an empty one.
    """
    pieces, count = components(cord.data > 0, _NEIGHBOURS)
    keep: npt.NDArray[np.bool_] = np.zeros(count + 1, dtype=np.bool_)
    if count == 1:
        keep[1] = True
    elif count:
        keep[_in_largest_tubes(pieces, cord.affine, (across_mm, across_mm, along_mm))] = True
    found: npt.NDArray[np.bool_] = keep[pieces]
    return found


def _in_largest_tubes(pieces: Array, affine: Affine, reach_mm: tuple[float, float, float]) -> list[int]:
    voxels = np.argwhere(pieces)
    piece_of = pieces[tuple(voxels.T)]
    points = nib.affines.apply_affine(affine, voxels) / reach_mm
    sizes = np.bincount(piece_of)
    left = set(range(1, sizes.size))
    tubes: dict[frozenset[int], int] = {}
    # Once what is left is less than the best, no further tube can be larger: most often after the first.
    while left and sum(int(sizes[piece]) for piece in left) >= max(tubes.values(), default=0):
        tube = _tube_of(max(left, key=lambda piece: int(sizes[piece])), left, points, piece_of)
        tubes[tube] = sum(int(sizes[piece]) for piece in tube)
        left -= tube
    largest = max(tubes.values())
    return [piece for tube, size in tubes.items() if size == largest for piece in tube]


def _tube_of(seed: int, left: set[int], points: Affine, piece_of: Array) -> frozenset[int]:
    """Collect the pieces of `left` that `seed` reaches, directly or over others; points are scaled to a reach of 1."""
    tube, fresh = {seed}, {seed}
    while fresh and (others := left - tube):
        tree = cKDTree(points[np.isin(piece_of, list(fresh))])
        elsewhere = np.isin(piece_of, list(others))
        distances, _ = tree.query(points[elsewhere], distance_upper_bound=1 + ROUNDING)
        fresh = {int(piece) for piece in np.unique(piece_of[elsewhere][np.isfinite(distances)])}
        tube |= fresh
    return frozenset(tube)
