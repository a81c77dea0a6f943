"""How far apart two grids lie."""

from dataclasses import dataclass

import numpy as np

from nnunet_ext.core.volume import Affine


@dataclass(frozen=True)
class Displacement:
    """How far the voxels of one grid lie from the same voxels of another.

    Parameters
    ----------
    rms_mm
        Root mean square over all voxels.
    centre_mm
        At the centre of the volume.
    rms_voxels
        Root mean square along the worst axis of the first grid, in its voxels.
    """

    rms_mm: float
    centre_mm: float
    rms_voxels: float


def displacement(shape: tuple[int, ...], affine: Affine, other: Affine) -> Displacement:
    """Measure what adopting `affine` for an array stored with `other` would move.

    The root mean square is exact, not sampled: for a voxel x uniform in the box, the mean of `|D x + t|^2` is its
    value at the box's centre plus, for each axis k, `|D_k|^2 (n_k^2 - 1) / 12` (variance of a discrete uniform
    variable). Unlike the distance at the centre it sees a rotation about the centre, unlike the worst corner it does
    not let rounded digits of the affine decide.

    Parameters
    ----------
    shape
        Voxels along each axis, shared by both grids.
    affine, other
        4 x 4, voxel to world in mm.
    """
    sizes = np.asarray(shape[:3], dtype=np.float64)
    difference = other - affine
    spread = (sizes**2 - 1) / 12
    centre = np.append((sizes - 1) / 2, 1.0)
    in_mm = _mean_square(difference[:3], centre, spread)
    in_voxels = _mean_square(np.linalg.inv(affine[:3, :3]) @ difference[:3], centre, spread)
    return Displacement(
        rms_mm=float(np.sqrt(in_mm.sum())),
        centre_mm=float(np.linalg.norm(difference[:3] @ centre)),
        rms_voxels=float(np.sqrt(in_voxels.max())),
    )


def _mean_square(difference: Affine, centre: Affine, spread: Affine) -> Affine:
    """Mean over the box of the square of each component of ``difference @ voxel``."""
    result: Affine = (difference @ centre) ** 2 + (difference[:, :3] ** 2) @ spread
    return result
