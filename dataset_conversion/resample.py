"""A volume on another grid, by world coordinates alone."""

from dataclasses import dataclass
from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.grid import SAME_GRID
from nnunet_ext.core.volume import Affine, Volume

_DIGITS: Final = 9  # exact halves and whole steps stay exact


@dataclass(frozen=True, eq=False)
class Resampled:
    """What resampling gave, and what it could not keep.

    Parameters
    ----------
    volume
        On the new grid.
    lost
        Voxels of the input that are not zero and whose centres lie outside the new grid: they are gone.
    covered
        Share of the new grid's voxels whose centres lie in the input's field of view; the others are 0.
    """

    volume: Volume
    lost: int
    covered: float


def resample_identity(volume: Volume, shape: tuple[int, int, int], affine: Affine, *, nearest: bool) -> Resampled:
    """Lay a volume onto another grid without moving it in the world.

    A field of view reaches to the outer faces of its voxels: half a voxel beyond the outermost centres the outermost
    values hold, farther out the result is 0. Nothing is smoothed first, so that a much coarser grid may step over small
    structures. Any orientation and obliqueness, and either handedness, will do for both grids.

    Parameters
    ----------
    volume
        Image or mask.
    shape, affine
        The new grid: voxels along each axis, and voxels to world in mm (RAS+).
    nearest
        For masks: the value of the nearest voxel, dtype kept. A point half-way between two voxels takes the one
        further to the right, front or top, in whatever order and direction the file stores them; so a mask copied onto
        a grid twice as fine and back is the same. Otherwise linear, float32.

    Returns
    -------
    Resampled
        An empty mask stays empty.

    Raises
    ------
    DataRefusedError
        Where no voxel centre of the new grid lies in the volume's field of view.
    """
    old_from_new = np.round(np.linalg.inv(volume.affine) @ affine, _DIGITS)
    seen = _inside(shape, old_from_new, volume.data.shape)
    if not seen.any():
        raise DataRefusedError(
            f"fields of view that overlap were needed, found {_extent(volume.data.shape, volume.affine)} to be laid "
            f"onto {_extent(shape, affine)}; check that both are of one session and no header was changed"
        )
    upwards = nib.io_orientation(volume.affine)[:, 1]
    data = affine_transform(
        volume.data,
        old_from_new[:3, :3],
        offset=old_from_new[:3, 3] + (SAME_GRID * upwards if nearest else 0.0),
        output_shape=shape,
        output=volume.data.dtype if nearest else np.float32,
        order=0 if nearest else 1,
        mode="nearest",
    )
    data[~seen] = 0
    new_from_old = np.round(np.linalg.inv(affine) @ volume.affine, _DIGITS)
    kept = _inside(volume.data.shape, new_from_old, shape)
    return Resampled(
        volume=Volume(data, affine, volume.notes),
        lost=int(np.count_nonzero(volume.data[~kept])),
        covered=float(seen.mean()),
    )


def _inside(shape: tuple[int, ...], matrix: Affine, other: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Say for each voxel of `shape` whether `matrix` takes its centre into the field of view of the grid `other`."""
    i, j, k = np.ogrid[: shape[0], : shape[1], : shape[2]]
    inside = np.ones(shape, dtype=np.bool_)
    for row, size in zip(matrix, other, strict=False):
        place = row[0] * i + row[1] * j + (row[2] * k + row[3])
        inside &= (place >= -0.5 - SAME_GRID) & (place <= size - 0.5 + SAME_GRID)
    return inside


def _extent(shape: tuple[int, ...], affine: Affine) -> str:
    """Say where a grid lies, as the box around its outer faces."""
    corners = np.stack(np.meshgrid(*((-0.5, size - 0.5) for size in shape)), axis=-1)
    world = nib.affines.apply_affine(affine, corners.reshape(-1, 3))
    sides = zip("xyz", world.min(axis=0).tolist(), world.max(axis=0).tolist(), strict=True)
    return ", ".join(f"{name} {round(low)} to {round(high)} mm" for name, low, high in sides)
