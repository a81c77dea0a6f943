"""The smoothed centreline of a cord mask."""

import math
from dataclasses import dataclass
from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.interpolate import make_smoothing_spline

from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.tube import largest_tube
from nnunet_ext.core.volume import Volume

SMOOTH_MM: Final = 30.0
"""Wiggles of this length along the cord are halved: voxel steps go, the neck's curve (above 100 mm) stays."""

_FEWEST_FOR_SPLINE: Final = 5  # scipy's spline takes no less; through fewer points goes a straight line

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Centreline:
    """One point in each axial slice of a cord, from its lower to its upper end.

    Parameters
    ----------
    slices
        Shape (n,): index of each slice along the array axis that goes up or down. Without a gap.
    voxels
        Shape (n, 3): the points in voxel indices of the array, fractions kept.
    world
        Shape (n, 3): the same in mm, in nibabel's RAS+ space.
    length_mm
        Shape (n,): way along the cord from its lower end.
    measured
        Shape (n,): False where the mask has no voxel in the slice, and the point is the spline's alone.
    """

    slices: npt.NDArray[np.int64]
    voxels: Floats
    world: Floats
    length_mm: Floats
    measured: npt.NDArray[np.bool_]

    def columns(self) -> dict[str, npt.NDArray[np.generic]]:
        """Give the columns of a table, a row for each point."""
        x, y, z = self.world.T
        found = {"slice": self.slices, "x_mm": x, "y_mm": y, "z_mm": z, "length_mm": self.length_mm}
        return {**found, "measured": self.measured}

    def draw(self, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
        """Mark in an array of this shape the one voxel of each slice that is nearest to the line."""
        image = np.zeros(shape, dtype=np.uint8)
        image[tuple(np.clip(np.rint(self.voxels), 0, np.array(shape) - 1).astype(np.intp).T)] = 1
        return image


def centreline(cord: Volume, smooth_mm: float = SMOOTH_MM) -> Centreline:
    """Follow the middle of a cord.

    In each axial slice of `largest_tube` the centre of its voxels is taken. Through these goes, for each of the two
    directions across, a cubic smoothing spline over the position along the axis: it minimises ``sum (y - f)^2 + lam
    * integral f''^2`` (`scipy.interpolate.make_smoothing_spline`). For slices ``d`` apart it lets a wave of length
    ``L`` pass by the factor ``1 / (1 + lam d (2 pi / L)^4)`` (Silverman 1984, the equivalent kernel), which is one
    half at `smooth_mm` for ``lam = (smooth_mm / 2 pi)^4 / d``. Slices without cord between the ends get the spline's
    value; beyond the ends there are no points.

    Parameters
    ----------
    cord
        Mask in any orientation; voxels above 0 are cord. An axial slice is one across the array axis that goes up or
        down, or nearest to it.
    smooth_mm
        Length of the waves along the axis that are halved; 0 keeps the measured centres.

    Returns
    -------
    Centreline
        Without points where the mask is empty. With cord in fewer than 5 slices it is a straight line.
    """
    upright = upright_axis(cord.axes)
    voxels = np.argwhere(largest_tube(cord))
    in_slice = np.bincount(voxels[:, upright], minlength=1)
    measured = np.flatnonzero(in_slice)
    if not measured.size:
        none = np.zeros(0)
        return Centreline(none.astype(np.int64), np.zeros((0, 3)), np.zeros((0, 3)), none, none.astype(np.bool_))
    slices = np.arange(measured[0], measured[-1] + 1)
    points = np.empty((slices.size, 3))
    for axis in range(3):
        centres = np.bincount(voxels[:, upright], weights=voxels[:, axis])[measured] / in_slice[measured]
        points[:, axis] = slices if axis == upright else _smoothed(measured, centres, slices, cord, upright, smooth_mm)
    order = slice(None) if cord.axes[upright] == "S" else slice(None, None, -1)
    return _line(slices[order], points[order], cord, in_slice[slices][order] > 0)


def _smoothed(
    at: npt.NDArray[np.int64],
    centres: Floats,
    wanted: npt.NDArray[np.int64],
    cord: Volume,
    upright: int,
    smooth_mm: float,
) -> Floats:
    """Smooth one voxel coordinate over the slices; its own unit does not matter, as smoothing is linear."""
    apart = cord.spacing[upright]
    if smooth_mm == 0:
        return np.interp(wanted, at, centres)
    if at.size < _FEWEST_FOR_SPLINE:
        return np.asarray(np.polynomial.Polynomial.fit(at, centres, deg=min(1, at.size - 1))(wanted), dtype=np.float64)
    weight = (smooth_mm / math.tau) ** 4 / apart
    return np.asarray(make_smoothing_spline(at * apart, centres, lam=weight)(wanted * apart), dtype=np.float64)


def _line(slices: npt.NDArray[np.int64], points: Floats, cord: Volume, measured: npt.NDArray[np.bool_]) -> Centreline:
    world = np.asarray(nib.affines.apply_affine(cord.affine, points), dtype=np.float64)
    steps = np.linalg.norm(np.diff(world, axis=0), axis=1)
    return Centreline(slices, points, world, np.concatenate([[0.0], np.cumsum(steps)]), measured)
