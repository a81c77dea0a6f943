"""Whether two volumes lie on one grid, and laying one on the grid of another."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.geometry import Displacement, displacement
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume

# The tolerances of the package, in voxels: root mean square along the worst axis (see `Displacement.rms_voxels`).

SAME_GRID: Final = 1e-3
"""Up to here two grids are one, and nothing is said: affines stored with 32 bits err by less."""

WRITTEN_FOR_IT: Final = 0.1
"""Up to here a file that a program wrote for an image, or another channel of it, lies on that image's grid: what
headers in quaternions or in decimals round away is far less, and a case that moved is far more. Else it is refused."""

ADOPTED_WITHIN: Final = 0.5
"""Up to here every voxel is still nearest to its own: a mask that people drew takes the affine of the other, and the
distance is told. Farther away it is another grid: refused, or resampled where that is asked for."""


def apart(volume: Volume, grid: Volume) -> Displacement | None:
    """Measure how far a volume lies from a grid, in the grid's voxels; None where the shapes differ.

    Parameters
    ----------
    volume
        In the grid's axes.
    grid
        Of which only shape and affine count.
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
        return replace(turned, affine=grid.affine), told
    else:
        found = f"it lies {off.centre_mm:.2f} mm at the centre, {off.rms_voxels:.2f} voxels over all, from it"
    raise FileRefusedError(
        file, f"the grid of the {whose} was needed, and {found}; predict from its very image, or resample it first"
    )
