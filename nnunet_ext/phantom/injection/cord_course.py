"""The cord's own coordinates, taken from a mask: how far down, and where across in half-diameters."""

from dataclasses import dataclass
from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.volume import Affine
from nnunet_ext.phantom.spine import Floats

_SMOOTH_MM: Final = 4.0  # the outline of one slice says little about where the cord runs
_THINNEST_MM: Final = 0.5
_MOST_VOXELS: Final = 20_000  # enough to measure how wide a cord is
_CENTRE, _DOWN, _RIGHT, _FRONT, _HALVES = slice(0, 3), slice(3, 6), slice(6, 9), slice(9, 12), slice(12, 14)

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CordCourse:
    """How a cord runs: a table with an entry a slice, from top to bottom.

    Parameters
    ----------
    arc
        Arc length in mm, 0 at the upper end of the mask.
    across
        Where each entry lies along the normal of the slices, in mm: what a point is first looked up by.
    normal
        Of the slices, downwards.
    table
        For each entry the centre in the world (3), unit vectors down, right and front (3 each), and the cord's half
        diameters rightwards and forwards (2), in mm; float32.
    """

    arc: Floats
    across: Floats
    normal: Floats
    table: Floats

    @classmethod
    def of_mask(cls, cord: BoolArray, affine: Affine) -> "CordCourse":
        """Measure a mask.

        Parameters
        ----------
        cord
            Shape (i, j, k); gaps along the cord are bridged.
        affine
            4 x 4, voxel to world in mm, RAS+: it says what is up, right and front.

        Raises
        ------
        DataRefusedError
            Where the mask is empty, or in fewer than two slices: it has no direction.
        """
        upright = upright_axis("".join(nib.aff2axcodes(affine)))
        spacing = nib.affines.voxel_sizes(affine)
        centres = _centres(cord, upright, _SMOOTH_MM / float(spacing[upright]))
        world = (nib.affines.apply_affine(affine, centres)).astype(np.float64)
        if world[0, 2] < world[-1, 2]:
            world = world[::-1]
        steps = np.linalg.norm(np.diff(world, axis=0), axis=1)
        arc = np.concatenate([[0.0], np.cumsum(steps)])
        down = _unit(np.gradient(world, arc, axis=0))
        right = _unit(_square_to(np.array([1.0, 0.0, 0.0]), down))
        front = np.cross(right, down)  # right, down and front make a right-handed frame
        one, other = (affine[:3, axis] for axis in range(3) if axis != upright)
        normal = _unit(np.cross(one, other)[None])[0]
        normal = normal if normal @ (world[-1] - world[0]) > 0 else -normal
        halves = np.ones((len(arc), 2))
        table = np.hstack([world, down, right, front, halves]).astype(np.float32)
        rough = cls(arc.astype(np.float32), (world @ normal).astype(np.float32), normal.astype(np.float32), table)
        voxels = np.argwhere(cord)
        points = nib.affines.apply_affine(affine, voxels[:: -(-len(voxels) // _MOST_VOXELS)])
        table[:, _HALVES] = _half_diameters(rough, points)
        return rough

    @property
    def length_mm(self) -> float:
        """Of the cord that the mask shows."""
        return float(self.arc[-1])

    def place(self, points: npt.NDArray[np.floating]) -> tuple[Floats, Floats, Floats]:
        """Give points, shape (n, 3) in the world, in the cord's coordinates.

        Returns
        -------
        tuple
            Down in mm from the upper end, then rightwards and forwards in half-diameters: the cord's surface is about
            the unit circle. Each of shape (n,), float32.
        """
        points = points.astype(np.float32, copy=False)
        down = np.interp(points @ self.normal, self.across, self.arc).astype(np.float32)
        entry = self._entries(down)
        # One step of Newton's: the first guess is wrong only by how far slices lie from square to the cord.
        forwards = np.einsum("ij,ij->i", points - entry[:, _CENTRE], entry[:, _DOWN])
        down = np.clip(down + forwards, 0, self.arc[-1])
        entry = self._entries(down)
        off = points - entry[:, _CENTRE]
        sides = (np.einsum("ij,ij->i", off, entry[:, axis]) for axis in (_RIGHT, _FRONT))
        right, front = (side / half for side, half in zip(sides, entry[:, _HALVES].T, strict=True))
        return down, right, front

    def _entries(self, down: Floats) -> Floats:
        """Interpolate the table."""
        place = np.interp(down, self.arc, np.arange(len(self.arc), dtype=np.float32))
        lower = np.minimum(place.astype(np.intp), len(self.arc) - 2)
        weight = (place - lower).astype(np.float32)[:, None]
        result: Floats = self.table[lower] * (1 - weight) + self.table[lower + 1] * weight
        return result


def _centres(cord: BoolArray, upright: int, sigma: float) -> npt.NDArray[np.float64]:
    """Give the smooth middle of each slice from the first with cord to the last, in voxels; shape (slices, 3)."""
    number, *position = np.nonzero(np.moveaxis(cord, upright, 0))
    if not number.size or number.min() == number.max():
        raise DataRefusedError(f"a cord in at least two slices was needed, found it in {len(np.unique(number))}")
    counts = np.bincount(number).astype(np.float64)
    there = np.flatnonzero(counts)
    slices = np.arange(there[0], there[-1] + 1)
    columns = []
    for axis in position:
        middles = np.bincount(number, weights=axis)[there] / counts[there]
        slope, start = np.polyfit(there, middles, 1, w=np.sqrt(counts[there]))
        line = start + slope * slices
        rest = np.interp(slices, there, middles - (start + slope * there))
        columns.append(line + gaussian_filter1d(rest, sigma, mode="nearest"))
    columns.insert(upright, slices.astype(np.float64))
    return np.stack(columns, axis=1)


def _half_diameters(course: CordCourse, points: npt.NDArray[np.float64]) -> Floats:
    """Measure the cord along itself: the variance of an ellipse along an axis is a quarter of its half-diameter's."""
    down, *sides = course.place(points)
    entry = np.rint(np.interp(down, course.arc, np.arange(len(course.arc)))).astype(np.intp)
    sigma = _SMOOTH_MM / max(float(np.mean(np.diff(course.arc))), 1e-3)

    def smooth(weights: npt.NDArray[np.floating] | None) -> npt.NDArray[np.float64]:
        sums = np.bincount(entry, weights=weights, minlength=len(course.arc)).astype(np.float64)
        result: npt.NDArray[np.float64] = gaussian_filter1d(sums, sigma, mode="nearest")
        return result

    count = np.maximum(smooth(None), 1e-6)
    halves = [2 * np.sqrt(np.maximum(smooth(side**2) / count, _THINNEST_MM**2 / 4)) for side in sides]
    return np.stack(halves, axis=1).astype(np.float32)


def _square_to(direction: Affine, down: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = direction - (down @ direction)[:, None] * down
    return result


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return result
