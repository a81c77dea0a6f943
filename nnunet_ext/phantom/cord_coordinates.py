"""From voxels to the cord's own coordinates: how far down, how far right, how far forwards."""

from dataclasses import dataclass
from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt

from nnunet_ext.core.volume import Affine
from nnunet_ext.phantom.spine import Floats, Spine

_NODE_MM: Final = 4.0  # smooth fields are computed this sparsely, then interpolated: error below 0.1 mm in the sac
_STRIDE: Final = 3
_NEWTON_STEPS: Final = 5

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Lattice:
    """Sparse nodes over a grid, for fields that are smooth.

    Parameters
    ----------
    shape
        Voxels of the full grid.
    nodes
        Nodes along each axis; the first and the last lie on the first and the last voxel.
    """

    shape: tuple[int, ...]
    nodes: tuple[int, ...]

    @staticmethod
    def covering(shape: tuple[int, ...], affine: Affine, node_mm: float = _NODE_MM) -> "Lattice":
        """Place nodes no further apart than `node_mm` over a grid of this shape and affine."""
        sizes = zip(shape, nib.affines.voxel_sizes(affine), strict=True)
        return Lattice(shape, tuple(min(int(np.ceil((n - 1) * mm / node_mm)) + 1, n) for n, mm in sizes))

    def points(self, affine: Affine) -> npt.NDArray[np.float64]:
        """Where the nodes lie, through the full grid's affine: shape (3, *nodes), in mm."""
        axes = [np.linspace(0, size - 1, n) for size, n in zip(self.shape, self.nodes, strict=True)]
        voxels = np.stack(np.meshgrid(*axes, indexing="ij"))
        result: npt.NDArray[np.float64] = np.tensordot(affine[:3, :3], voxels, 1) + affine[:3, 3, None, None, None]
        return result

    def expand(self, values: npt.NDArray[np.floating]) -> Floats:
        """Interpolate node values linearly to the full grid."""
        result = values.astype(np.float32)
        for axis in (2, 1, 0):  # the long copies come last, along the axis whose slabs are contiguous
            result = _stretch(result, axis, self.shape[axis])
        return result


@dataclass(frozen=True, eq=False)
class CordFrame:
    """Each voxel in the cord's coordinates, in mm, float32, all of one shape.

    Parameters
    ----------
    down
        Arc length along the spine, 0 at the upper edge of C1.
    right, front
        From the middle of the canal, square to the spine.
    """

    down: Floats
    right: Floats
    front: Floats

    def cut(self, box: Box | npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "CordFrame":
        """Give the part inside a box, which shares memory, or a list of the chosen voxels, which does not."""
        return CordFrame(self.down[box], self.right[box], self.front[box])

    def box(self, down: tuple[float, float], right: tuple[float, float], front: tuple[float, float]) -> Box | None:
        """Find the voxels between these bounds, roughly and never too few; None where there are none."""
        coarse = (slice(None, None, _STRIDE),) * 3
        pairs = ((self.down, down), (self.right, right), (self.front, front))
        inside = np.ones(self.down[coarse].shape, dtype=bool)
        for values, (low, high) in pairs:
            inside &= (values[coarse] > low - _STRIDE) & (values[coarse] < high + _STRIDE)
        if not inside.any():
            return None
        sides = []
        for axis in range(3):
            hit = np.flatnonzero(inside.any(axis=tuple(other for other in range(3) if other != axis)))
            sides.append(slice(max(int(hit[0] - 1) * _STRIDE, 0), int(hit[-1] + 1) * _STRIDE + 1))
        return sides[0], sides[1], sides[2]


def cord_coordinates(spine: Spine, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Project points onto the centreline.

    Parameters
    ----------
    spine
        The patient.
    points
        Shape (3, ...), millimetres to the right, front and top of the upper edge of C1.

    Returns
    -------
    ndarray
        Shape (3, ...): down, right, front, in mm. Sideways curves are weak, so that the projection is done in the
        sagittal plane and the sideways shift taken off afterwards.
    """
    x, y, z = points
    down = np.interp(-z, -spine.z, spine.arc)
    front = np.zeros_like(down)
    for _ in range(_NEWTON_STEPS):
        tilt = np.interp(down, spine.arc, spine.tilt)
        behind, above = y - np.interp(down, spine.arc, spine.y), z - np.interp(down, spine.arc, spine.z)
        front = behind * np.cos(tilt) + above * np.sin(tilt)
        down = np.clip(down + behind * np.sin(tilt) - above * np.cos(tilt), spine.arc[0], spine.arc[-1])
    return np.stack([down, x - np.interp(down, spine.arc, spine.x), front])


def _stretch(values: Floats, axis: int, size: int) -> Floats:
    nodes = values.shape[axis]
    if nodes == size:
        return values
    place = np.linspace(0, nodes - 1, size)
    lower = np.minimum(place.astype(np.intp), nodes - 2)
    weight = (place - lower).astype(np.float32).reshape([-1 if other == axis else 1 for other in range(3)])
    below = np.take(values, lower, axis)
    result: Floats = np.take(values, lower + 1, axis)
    result -= below
    result *= weight
    result += below
    return result
