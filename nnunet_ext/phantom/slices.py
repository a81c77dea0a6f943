"""Where the slices of an acquisition lie."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.volume import Affine

_FINE_MM = 1.15  # thick slices are made of thin ones of about this size, and averaged


class Plane(StrEnum):
    """How the slices lie."""

    SAGITTAL = "sag"
    AXIAL = "ax"
    ISOTROPIC = "iso"

    @property
    def slice_axis(self) -> int:
        """Grid axis that the slices are stacked along; an isotropic volume has its slabs from left to right."""
        return 2 if self is Plane.AXIAL else 0


@dataclass(frozen=True, eq=False)
class SliceGrid:
    """One acquisition's voxels.

    Parameters
    ----------
    shape
        Voxels to the right, to the front and to the top.
    to_world
        4 x 4, voxels to the scanner's millimetres, RAS+: what the file says.
    to_patient
        4 x 4, voxels to the patient's space: what the file cannot know.
    slice_axis
        Axis that the slices are stacked along.
    fine
        How many thin slices make one slice.
    """

    shape: tuple[int, ...]
    to_world: Affine
    to_patient: Affine
    slice_axis: int
    fine: int

    @property
    def fine_shape(self) -> tuple[int, ...]:
        """Shape of the supersampled grid."""
        return tuple(size * (self.fine if i == self.slice_axis else 1) for i, size in enumerate(self.shape))

    @property
    def fine_to_patient(self) -> Affine:
        """Affine of the supersampled grid: its thin slices fill each slice evenly."""
        split = np.eye(4)
        split[self.slice_axis, self.slice_axis] = 1 / self.fine
        split[self.slice_axis, 3] = (1 / self.fine - 1) / 2
        return self.to_patient @ split


def place_grid(
    shape: tuple[int, ...],
    spacing: tuple[float, float, float],
    plane: Plane,
    centre: npt.NDArray[np.float64],
    patient_deg: npt.ArrayLike,
    slab_deg: npt.ArrayLike,
) -> SliceGrid:
    """Lay a grid over a patient.

    Parameters
    ----------
    shape, spacing
        Voxels, and their size in mm, to the right, to the front and to the top.
    plane
        Which axis holds the slices.
    centre
        What the grid's centre lies on, in the patient's space, in mm.
    patient_deg
        How the patient lies in the scanner, about the x, y and z axes: the file does not show it.
    slab_deg
        How the slices are tilted in the scanner; zero gives an affine along the scanner's axes.
    """
    lying, tilted = _rotation(patient_deg), _rotation(slab_deg)
    middle = (np.array(shape) - 1) / 2
    steps = tilted @ np.diag(spacing)
    to_world, to_patient = np.eye(4), np.eye(4)
    to_world[:3, :3], to_patient[:3, :3] = steps, lying.T @ steps
    to_world[:3, 3] = -steps @ middle  # the scanner's origin is the middle of the field of view
    to_patient[:3, 3] = centre - to_patient[:3, :3] @ middle
    axis = plane.slice_axis
    # An odd number of thin slices: with an even one a tie would decide what half a voxel is.
    fine = 1 if plane is Plane.ISOTROPIC else 2 * max(round((spacing[axis] / _FINE_MM - 1) / 2), 0) + 1
    return SliceGrid(shape, to_world, to_patient, axis, fine)


def _rotation(degrees: npt.ArrayLike) -> npt.NDArray[np.float64]:
    (cx, sx), (cy, sy), (cz, sz) = ((np.cos(angle), np.sin(angle)) for angle in np.deg2rad(degrees))
    turn_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    turn_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    turn_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    result: npt.NDArray[np.float64] = turn_z @ turn_y @ turn_x
    return result
