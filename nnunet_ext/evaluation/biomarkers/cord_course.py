"""How the cord runs: its centre in each axial slice, and how far it leans there."""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import splev, splrep

from nnunet_ext.evaluation.biomarkers.body_frame import ACROSS, DEPTH, UPRIGHT, BoolArray, Floats, Indices

_SMOOTHING: Final = 20.0
_CUBIC: Final = 3


@dataclass(frozen=True, eq=False)
class CordCourse:
    """The cord, slice by slice.

    Parameters
    ----------
    centre_across
        Shape (slices of the image,): mean R-L index of the cord's voxels; NaN where the slice has no cord.
    cosine
        Same shape: of the angle between the cord and the slice's normal.
    cosine_sagittal
        Same shape: of that angle as seen from the side.
    settled
        Whether both splines were found; else they are the nearest that were tried, and angles may be wrong.
    """

    centre_across: Floats
    cosine: Floats
    cosine_sagittal: Floats
    settled: bool


def cord_course(
    cord: BoolArray,
    spacing: tuple[float, float, float],
    first: tuple[int, ...],
    slices: int,
    *,
    image_counts: bool = True,
) -> CordCourse:
    """Follow a cord as SCT does.

    The centres of mass of the axial slices go through a smoothing spline per axis (`scipy.interpolate.splrep` with
    ``s = (n / slices)^2 * 20 * p2 / 3``; n slices with cord, p2 mm between slices; cubic, and straight lines for
    up to 3 slices), whose derivative in mm, (x', y', p2), gives both angles: ``cos = p2 / |(x', y', p2)|``,
    from the side ``p2 / |(0, y', p2)|`` (sct_analyze_lesion.py:1087-1105,
    centerline/curve_fitting.py:54-60 of SCT 3b3c5b22d).

    Parameters
    ----------
    cord
        Shape (x, y, z) along nibabel LAS, cut out of the image.
    spacing
        mm along each axis.
    first
        Index in the image of the first voxel of `cord`.
    slices
        Axial slices of the whole image.
    image_counts
        Whether ``slices`` counts for the smoothing, as for SCT: the more of the image lies beyond the cord, the less is
        smoothed. Else every cord is smoothed like one that fills its image.

    Returns
    -------
    CordCourse
        For every slice of the image; beyond the cord the spline goes on. Of an empty cord, or one in a single slice
        (for which there is no spline), the angles are 0.
    """
    in_slice = cord.sum(axis=(ACROSS, DEPTH))
    with_cord = np.flatnonzero(in_slice)
    across, depth = (
        _centres(cord.sum(axis=other), in_slice, with_cord) + first[axis]
        for axis, other in ((ACROSS, DEPTH), (DEPTH, ACROSS))
    )
    at = with_cord + first[UPRIGHT]
    centre = np.full(slices, np.nan)
    centre[at] = across
    smoothing = (at.size / slices) ** 2 if image_counts else 1.0
    smoothing *= _SMOOTHING * spacing[UPRIGHT] / 3
    step = spacing[UPRIGHT]
    (slope_across, across_found), (slope_depth, depth_found) = (
        _slope(at, values, slices, smoothing) for values in (across, depth)
    )
    lean_across, lean_depth = slope_across * spacing[ACROSS], slope_depth * spacing[DEPTH]
    return CordCourse(
        centre_across=centre,
        cosine=step / np.sqrt(lean_across**2 + lean_depth**2 + step**2),
        cosine_sagittal=step / np.sqrt(lean_depth**2 + step**2),
        settled=across_found and depth_found,
    )


def _centres(profile: Indices, in_slice: Indices, with_cord: Indices) -> Floats:
    weights = profile[:, with_cord]
    centres: Floats = (np.arange(len(profile)) @ weights) / in_slice[with_cord]
    return centres


def _slope(at: Indices, centres: Floats, slices: int, smoothing: float) -> tuple[Floats, bool]:
    """Differentiate the spline, in voxels per slice, and say whether FITPACK found it.

    A smoothing too small to be met to a thousandth gives the last spline that was tried, as in SCT.
    """
    if at.size < 2:
        return np.zeros(slices), True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        degree = _CUBIC if at.size > _CUBIC else 1
        spline, _, problem, _ = splrep(at, centres, s=smoothing, k=degree, full_output=1)
    return np.asarray(splev(np.arange(slices), spline, der=1), dtype=np.float64), problem <= 0
