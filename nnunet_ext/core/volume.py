"""One 3-D array and where it lies in space."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import nibabel as nib
import numpy as np
import numpy.typing as npt

from nnunet_ext.core.forms import Forms

Array = npt.NDArray[Any]
Affine = npt.NDArray[np.float64]

_LAST_DIGITS: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3-D array with its affine.

    Parameters
    ----------
    data
        Shape (i, j, k), in the order of the file's axes.
    affine
        4 x 4, voxel indices to millimetres in nibabel's RAS+ world space.
    notes
        What reading had to repair or choose, in words fit for a table.
    sha256
        Of the file that this was read from, as it lies on the disk; empty where it is no file's content.
    forms
        What the file's header says of its place; None where the array is no longer the file's, voxel for voxel.
    """

    data: Array
    affine: Affine
    notes: tuple[str, ...] = ()
    sha256: str = ""
    forms: Forms | None = None

    @cached_property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size along each array axis, in mm; a header's number of 32 bits is exactly that number."""
        x, y, z = (_without_arithmetic(float(size)) for size in nib.affines.voxel_sizes(self.affine))
        return x, y, z

    @property
    def axes(self) -> str:
        """Where each array axis goes, in nibabel's letters, such as ``LAS``."""
        return "".join(nib.aff2axcodes(self.affine))

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel."""
        return voxel_volume_mm3(self.affine)


def voxel_volume_mm3(affine: Affine) -> float:
    """Give the volume of one voxel: the determinant, as the product of spacings is too large where axes are sheared.

    Parameters
    ----------
    affine
        4 x 4, voxel to world in mm.
    """
    return float(abs(np.linalg.det(affine[:3, :3])))


def _without_arithmetic(size: float) -> float:
    """Undo what a root of squares does to the last digits."""
    stored = float(np.float32(size))
    return stored if abs(stored - size) <= _LAST_DIGITS * size else size
