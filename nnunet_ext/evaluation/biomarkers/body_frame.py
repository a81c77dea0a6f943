"""The frame that everything is measured in, and the way back to the file's own slices."""

from dataclasses import dataclass
from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt

from nnunet_ext.core.orientation import RAW_AXES
from nnunet_ext.core.volume import Affine, Array, Volume

BoolArray = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Labels = npt.NDArray[np.uint32]

ACROSS: Final = 0
"""Axis from right to left."""
DEPTH: Final = 1
"""Axis from back (dorsal) to front (ventral)."""
UPRIGHT: Final = 2
"""Axis from the feet to the head."""


@dataclass(frozen=True, eq=False)
class BodyFrame:
    """The file's axes, seen from nibabel LAS (SCT RPI: right to left, back to front, upwards).

    Parameters
    ----------
    affine
        4 x 4, of the file.
    shape
        Voxels along each LAS axis.
    spacing
        mm along each LAS axis.
    """

    affine: Affine
    shape: tuple[int, ...]
    spacing: tuple[float, float, float]

    @classmethod
    def of(cls, volume: Volume) -> "BodyFrame":
        """Take the frame of a file's grid."""
        axes = _turn(volume.affine)[:, 0].argsort()  # for each LAS axis the file's
        across, depth, upright = (volume.spacing[axis] for axis in axes)
        return cls(volume.affine, tuple(volume.data.shape[axis] for axis in axes), (across, depth, upright))

    def turn(self, data: Array) -> Array:
        """Give an array of the file's grid along LAS; a view, nothing is copied."""
        return np.asarray(nib.orientations.apply_orientation(data, _turn(self.affine)))

    def turn_back(self, data: Array) -> Array:
        """Give an array along LAS in the file's own axes."""
        back = nib.orientations.ornt_transform(_las(), nib.io_orientation(self.affine))
        return np.asarray(nib.orientations.apply_orientation(data, back))

    def own_slice(self, axis: int, index: float) -> float:
        """Say which slice of the file a slice along LAS is; the rule is its own inverse.

        Parameters
        ----------
        axis
            `ACROSS`, `DEPTH` or `UPRIGHT`.
        index
            Of the slice, fractions kept.
        """
        same_way = RAW_AXES[axis] in nib.aff2axcodes(self.affine)
        return index if same_way else self.shape[axis] - 1 - index


def _turn(affine: Affine) -> Array:
    """Say how the axes of a grid are permuted and flipped to go along LAS, in nibabel's form."""
    return np.asarray(nib.orientations.ornt_transform(nib.io_orientation(affine), _las()))


def _las() -> Array:
    return np.asarray(nib.orientations.axcodes2ornt(tuple(RAW_AXES)))
