"""Whether two volumes lie on one grid, and laying one on the grid of another."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Affine, Volume

# The tolerances of the package, in voxels: root mean square along the worst axis (see `Displacement.rms_voxels`).

SAME_GRID: Final = 1e-3
"""Up to here two grids are one, and nothing is said: affines stored with 32 bits err by less."""

WRITTEN_FOR_IT: Final = 0.1
"""Up to here a file that a program wrote for an image, or another channel of it, lies on that image's grid: what
headers in quaternions or in decimals round away is far less, and a case that moved is far more. Else it is refused."""

ADOPTED_WITHIN: Final = 0.5
"""Up to here every voxel is still nearest to its own: a mask that people drew takes the affine of the other, and the
distance is told. Farther away it is another grid: refused, or resampled where that is asked for."""


@dataclass(frozen=True)
class Displacement:
    """How far the voxels of one grid lie from the same voxels of another.

    Parameters
    ----------
    rms_mm, centre_mm
        Root mean square over all voxels, and at the centre of the volume.
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


def apart(volume: Volume, grid: Volume) -> Displacement | None:
    """Measure how far a volume lies from a grid, in the grid's voxels; None where the shapes differ.

    The volume lies in the grid's axes; of the grid only shape and affine count.
    """
    same_shape = volume.data.shape == grid.data.shape
    return displacement(grid.data.shape, grid.affine, volume.affine) if same_shape else None


def lies_on(volume: Volume, grid: Volume, within: float) -> bool:
    """Tell whether a volume has a grid's shape and lies within one of the tolerances of it."""
    found = apart(volume, grid)
    return found is not None and found.rms_voxels <= within


def on_grid(volume: Volume, grid: Volume, file: Path, whose: str) -> tuple[Volume, tuple[str, ...]]:
    """Turn a volume's axes to those of a grid, and give it that grid's affine.

    Parameters
    ----------
    volume
        Any orientation; no voxel changes its value.
    grid
        Of which only shape and affine count.
    file
        That `volume` was read from.
    whose
        Grid it is, for messages: ``reference``, ``lesion mask``.

    Returns
    -------
    Volume
        In the grid's axes.
    tuple of str
        How far it lay off, where that is worth telling.

    Raises
    ------
    FileRefusedError
        Where the shapes differ, or the grids lie more than half a voxel apart.
    """
    turned = reorient(volume, grid.axes)
    off = apart(turned, grid)
    if off is None:
        found = f"its shape is {turned.data.shape} (axes {grid.axes}) and the {whose}'s {grid.data.shape}"
    elif off.rms_voxels <= ADOPTED_WITHIN:
        told = (f"{off.rms_mm:.3f} mm off, the {whose}'s affine adopted",) if off.rms_voxels > SAME_GRID else ()
        return replace(turned, affine=grid.affine, forms=grid.forms), told
    else:
        found = f"it lies {off.centre_mm:.2f} mm at the centre, {off.rms_voxels:.2f} voxels over all, from it"
    raise FileRefusedError(
        file, f"the grid of the {whose} was needed, and {found}; predict from its very image, or resample it first"
    )


def _mean_square(difference: Affine, centre: Affine, spread: Affine) -> Affine:
    """Mean over the box of the square of each component of ``difference @ voxel``."""
    result: Affine = (difference @ centre) ** 2 + (difference[:, :3] ** 2) @ spread
    return result
