"""Lesion and cord in the columns from back to front, and what lies between two sagittal slices."""

import math
from dataclasses import dataclass

import numpy as np

from nnunet_ext.evaluation.biomarkers.body_frame import DEPTH, BoolArray, Floats, Indices


@dataclass(frozen=True, eq=False)
class CordColumns:
    """The cord in each column from back to front.

    Parameters
    ----------
    first, last
        Shape (x, z): index of the first and the last cord voxel along the column; of no meaning where `extent` is 0.
    extent
        Shape (x, z): voxels from the first to the last; 0 without cord.
    voxels
        Shape (x, z): the cord's voxels; fewer where the mask has a hole.
    """

    first: Indices
    last: Indices
    extent: Indices
    voxels: Indices

    @classmethod
    def of(cls, cord: BoolArray) -> "CordColumns":
        """Look at a cord of shape (x, y, z) along LAS."""
        first, last = _ends(cord)
        return cls(first, last, np.where(cord.any(axis=DEPTH), last - first + 1, 0), cord.sum(axis=DEPTH))

    def depth_in_sct(self, plane: "Between") -> Floats:
        """Give the depth in a plane as SCT has it, in voxels, shape (z,): of the cord's voxels, holes left out.

        NaN where one of the plane's two slices holds no cord (sct_analyze_lesion.py:406-423 of 3b3c5b22d).
        """
        both = (self.voxels[plane.lower] > 0) & (self.voxels[plane.upper] > 0)
        return np.where(both, plane.mix(self.voxels), np.nan)

    def depth(self, plane: "Between") -> Floats:
        """Give the depth in a plane, in voxels, shape (z,): from the first voxel to the last, by the rule of bridges.

        NaN where none of the plane's two slices holds cord.
        """
        return plane.mix_where(self.extent, self.extent > 0)


@dataclass(frozen=True, eq=False)
class MeasuredColumns:
    """A lesion in each column from back to front.

    Parameters
    ----------
    voxels
        Shape (x, z): the lesion's voxels in the column.
    dorsal, ventral
        Shape (x, z): voxels of cord behind, and before, the lesion; of no meaning where it is not.
    """

    voxels: Indices
    dorsal: Indices
    ventral: Indices

    @classmethod
    def of(cls, lesion: BoolArray, cord: CordColumns) -> "MeasuredColumns":
        """Look at a lesion that lies within its cord, shape (x, y, z) along LAS."""
        first, last = _ends(lesion)
        return cls(lesion.sum(axis=DEPTH), np.maximum(first - cord.first, 0), np.maximum(cord.last - last, 0))

    @property
    def present(self) -> BoolArray:
        """Shape (x, z): where the lesion is."""
        return self.voxels > 0


@dataclass(frozen=True)
class Between:
    """A place between two sagittal slices.

    Parameters
    ----------
    lower, upper
        The slices.
    fraction
        Of the way from the first to the second.
    """

    lower: int
    upper: int
    fraction: float

    @classmethod
    def at(cls, plane: float, first: int, rounding: float = 0.0) -> "Between":
        """Take a plane of the image.

        Parameters
        ----------
        plane
            Slice, fractions kept.
        first
            The image's slice that the arrays start at.
        rounding
            A plane that is nearer than this to a slice is that slice.
        """
        if abs(plane - round(plane)) < rounding:
            plane = round(plane)
        lower = math.floor(plane)
        return cls(lower - first, math.ceil(plane) - first, plane - lower)

    def mix(self, values: Indices) -> Floats:
        """Interpolate values of shape (x, z) between the two slices."""
        mixed: Floats = (1 - self.fraction) * values[self.lower] + self.fraction * values[self.upper]
        return mixed

    def mix_where(self, values: Indices, present: BoolArray) -> Floats:
        """Interpolate where both slices are present, take the one that is, and give NaN where neither is.

        SCT's rule for bridges (sct_analyze_lesion.py:437-462, 1236-1245 of 3b3c5b22d).
        """
        one, other = present[self.lower], present[self.upper]
        alone = np.where(one, values[self.lower], np.where(other, values[self.upper], np.nan))
        return np.where(one & other, self.mix(values), alone)


def _ends(mask: BoolArray) -> tuple[Indices, Indices]:
    first = mask.argmax(axis=DEPTH)
    last = mask.shape[DEPTH] - 1 - mask[:, ::-1].argmax(axis=DEPTH)
    return first, last
