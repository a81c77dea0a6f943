"""A lesion's length and width in the midsagittal plane, nearer to the truth than counted voxels."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.evaluation.biomarkers.body_frame import ACROSS, DEPTH, UPRIGHT, BoolArray, Floats, Indices
from nnunet_ext.evaluation.biomarkers.cord_course import CordCourse
from nnunet_ext.evaluation.biomarkers.lesion_columns import Between
from nnunet_ext.evaluation.biomarkers.morphometry import PlaneSize

_SECTION: Final = 0.5  # q of the marginal density of an ellipse
_BODY: Final = 1.0  # q of that of an ellipsoid
_FEW_ROWS: Final = 3  # up to here a parabola says nothing
_WITHIN: Final = 0.8  # an ellipsoid in two slices: of what is possible; fitted to benchmarks/lesion_size.py
_FLAT: Final = 1e-2  # no section is taken for longer than ten times another
_DIGITS: Final = 9


@dataclass(frozen=True, eq=False)
class AlongCord:
    """The cord's own way through some axial slices, seen from the side; arrays of shape (z,).

    Parameters
    ----------
    way_mm
        Way along the cord's centreline up to the middle of the slice.
    length_mm
        Way through the slice.
    depth_mm
        Depth of a voxel, across the cord.
    """

    way_mm: Floats
    length_mm: Floats
    depth_mm: Floats

    @classmethod
    def of(cls, course: CordCourse, spacing: tuple[float, float, float]) -> "AlongCord":
        """Follow a cord through all slices of its image."""
        length = spacing[UPRIGHT] / course.cosine_sagittal
        return cls(np.cumsum(length) - length / 2, length, spacing[DEPTH] * course.cosine_sagittal)

    def cut(self, slices: slice) -> "AlongCord":
        """Take some of the slices."""
        return AlongCord(self.way_mm[slices], self.length_mm[slices], self.depth_mm[slices])


def size_between_slices(lesion: BoolArray, plane: Between, along: AlongCord) -> PlaneSize:
    """Measure the section of a lesion by the midsagittal plane.

    In each of the plane's two sagittal slices the section's length comes from the second and fourth moment of its
    voxels along the cord's own centreline: those of a Pearson type II density ``(1 - (s/a)^2)^q`` of half-length
    ``a = sd sqrt(2 q + 3)`` and kurtosis ``3 (2 q + 3) / (2 q + 5)``, a bar's with q = 0 and an ellipse's with q = 1/2
    (Pearson 1916, Phil. Trans. R. Soc. A 216:429). It stays within half a slice of what is counted. Its width is the
    largest that a parabola through the squared widths of its rows gives (an ellipse's are one), and stays within a
    voxel below the largest that is counted. A bar along the voxels has exactly its voxels' length and width.

    Between the slices the section changes as a body's does whose areas in all sagittal slices have such a density with
    q up to 1, an ellipsoid's: by ``(1 - (x/a)^2)^(q/2)``. Areas in two slices say nothing of its form, and are taken
    for an ellipsoid's, see `_ellipsoid_in_two`. Of a lesion in one slice the section is taken as it is. No section is
    longer than the whole lesion is counted.

    Parameters
    ----------
    lesion
        Shape (x, y, z) along LAS, not empty.
    plane
        Where, in slices of `lesion`; they may lie outside of it.
    along
        The cord, through the slices of `lesion`.

    Returns
    -------
    PlaneSize
        0 where neither of the plane's slices holds lesion.
    """
    areas = lesion.sum(axis=(DEPTH, UPRIGHT))
    weights = {plane.lower: 1 - plane.fraction, plane.upper: plane.fraction or 1.0}
    held = [at for at in weights if 0 <= at < len(areas) and areas[at]]
    if not held:
        return PlaneSize(0.0, 0.0)
    sizes = np.array([_section(lesion[at], along) for at in held])
    profile = _profile(areas, np.array([*held, plane.lower + plane.fraction]))
    at_slices, at_plane = profile[:-1], float(profile[-1])
    near = np.maximum([weights[at] for at in held], _FLAT) * at_slices
    length, width = (near @ sizes / (near @ at_slices) * at_plane).tolist()
    whole = float(along.length_mm[lesion.any(axis=(ACROSS, DEPTH))].sum())
    return PlaneSize(min(length, whole), width)


def _section(section: BoolArray, along: AlongCord) -> tuple[float, float]:
    """Measure length and width of a section of shape (y, z), not empty."""
    voxels = section.sum(axis=0)
    there = np.flatnonzero(voxels)
    lengths, widths = along.length_mm[there], voxels[there].astype(np.float64)
    _, variance, q = _moments(along.way_mm[there], widths, float(np.average(lengths, weights=widths)), _SECTION)
    counted, half = float(lengths.sum()), float(lengths.mean()) / 2
    # What is left of rounding would tell 2 mm from 2 mm.
    more = round(2 * math.sqrt(variance * (2 * q + 3)) - counted, _DIGITS)
    across = along.depth_mm[there]
    largest, smoothed = ((values * across).max() for values in (widths, _smoothed(along.way_mm[there], widths)))
    return counted + float(np.clip(more, -half, half)), float(np.clip(smoothed, largest - across.max(), largest))


def _smoothed(way: Floats, widths: Floats) -> Floats:
    """Give the widths that a parabola through their squares has, or where none opens downwards their mean."""
    if len(way) <= _FEW_ROWS:
        return widths
    squares = widths**2
    top = np.polynomial.Polynomial.fit(way, squares, 2)
    downwards = top.coef[-1] < 0
    smoothed: Floats = np.sqrt(np.maximum(top(way), 0.0) if downwards else np.full(len(way), squares.mean()))
    return smoothed


def _moments(places: Floats, weights: Floats, voxel: float, most: float) -> tuple[float, float, float]:
    """Give mean, variance and q, from 0 to `most`, of voxels of one size.

    The fourth moment is that of filled voxels. The variance is theirs for a bar, and that of their middles for an
    ellipse, whose density ends at 0: sampling does not widen it.
    """
    mean = float(np.average(places, weights=weights))
    second, fourth = (float(np.average((places - mean) ** power, weights=weights)) for power in (2, 4))
    filled = second + voxel**2 / 12
    kurtosis = (fourth + second * voxel**2 / 2 + voxel**4 / 80) / filled**2
    q = (5 * kurtosis - 9) / (6 - 2 * kurtosis) if kurtosis < 3 else most  # 3 is that of the normal density
    q = min(max(q, 0.0), most)
    return mean, second + (1 - q / most) * voxel**2 / 12, q


def _profile(areas: Indices, places: Floats) -> Floats:
    """Say how long sections at some places from right to left are, relative to the body's longest."""
    there = np.flatnonzero(areas)
    if len(there) == 1:
        return np.ones(len(places))
    if len(there) == 2 and there[1] - there[0] == 1:
        q, (middle, square) = _BODY, _ellipsoid_in_two(int(there[0]), float(areas[there[0]]), float(areas[there[1]]))
    else:
        middle, variance, q = _moments(there.astype(np.float64), areas[there].astype(np.float64), 1.0, _BODY)
        square = variance * (2 * q + 3)
    inside = 1 - (places - middle) ** 2 / square
    shares: Floats = np.maximum(inside, _FLAT) ** (q / 2)
    return shares


def _ellipsoid_in_two(first: int, one: float, other: float) -> tuple[float, float]:
    """Place an ellipsoid by its sections' areas in two neighbouring slices, with none in the next ones.

    With r the smaller area by the larger, a half-axis e and the middle c (from the larger slice towards the smaller)
    obey ``1 - (1 - c)^2 / e^2 = r (1 - c^2 / e^2)``, and e lies between 1/2 and (4 - r) / (4 - 2 r) slices, beyond
    which the next slice would hold a section.

    Returns
    -------
    tuple of float
        c, as a slice, and the square of e, `_WITHIN` of the way from its least to its most.
    """
    r = min(one, other) / max(one, other)
    square = (0.5 + _WITHIN * ((4 - r) / (4 - 2 * r) - 0.5)) ** 2
    # The smaller root, in the form that holds for r = 1 as well.
    middle = (1 - square * (1 - r)) / (1 + math.sqrt(1 - (1 - r) * (1 - square * (1 - r))))
    return first + (middle if one >= other else 1 - middle), square
