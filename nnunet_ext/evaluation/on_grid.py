"""Laying one mask or image on the grid of another."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.geometry import displacement
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume

_SAME_GRID: Final = 1e-3  # voxels; up to here two grids are one
_ADOPTED_WITHIN: Final = 0.5  # voxels; up to here the affine is taken and the distance told, as in a conversion


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
    if turned.data.shape != grid.data.shape:
        found = f"its shape is {turned.data.shape} (axes {grid.axes}) and the {whose}'s {grid.data.shape}"
    else:
        apart = displacement(grid.data.shape, grid.affine, turned.affine)
        if apart.rms_voxels <= _ADOPTED_WITHIN:
            off = (f"{apart.rms_mm:.3f} mm off, the {whose}'s affine adopted",) if apart.rms_voxels > _SAME_GRID else ()
            return replace(turned, affine=grid.affine), off
        found = f"it lies {apart.centre_mm:.2f} mm at the centre, {apart.rms_voxels:.2f} voxels over all, from it"
    raise FileRefusedError(
        file, f"the grid of the {whose} was needed, and {found}; predict from its very image, or resample it first"
    )
