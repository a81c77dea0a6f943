"""How well the centre of the cord was found, slice by slice."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.surface import Spacing


@dataclass(frozen=True)
class CentrelineMetrics:
    """Agreement of two cords' centres over axial slices.

    Parameters
    ----------
    error_mm
        Mean distance within the slice, in mm, over the slices that both cords reach.
    localisation_rate
        Share of the reference's slices in which the predicted centre lies in the reference's cord, 0 to 1. A slice
        without prediction counts as not found.
    """

    error_mm: float
    localisation_rate: float


def centreline_metrics(
    reference: BoolArray, prediction: BoolArray, spacing: Spacing, slice_axis: int
) -> CentrelineMetrics:
    """Compare the centres of mass of two cords in each axial slice of the reference (Gros et al. 2019, 2018).

    Parameters
    ----------
    reference, prediction
        Cord masks of one shape (i, j, k). A predicted centreline, one voxel a slice, serves as well.
    spacing
        Of the array axes, in mm.
    slice_axis
        The array axis that runs along the body.

    Returns
    -------
    CentrelineMetrics
        Reference empty: both NaN. Prediction empty: the error NaN, the rate 0.
    """
    there, wanted = _centres(reference, slice_axis)
    predicted, found = _centres(prediction, slice_axis)
    if not there.any():
        return CentrelineMetrics(math.nan, math.nan)
    both = np.flatnonzero(there & predicted)
    if not len(both):
        return CentrelineMetrics(math.nan, 0.0)
    in_plane = np.delete(np.asarray(spacing), slice_axis)
    distances = np.linalg.norm((found[both] - wanted[both]) * in_plane, axis=1)
    slices = np.moveaxis(reference, slice_axis, 0)
    # A centre between two voxels belongs to both: a mirrored image has the mirrored answer.
    inside = _any_nearest(slices, both, found[both])
    return CentrelineMetrics(float(distances.mean()), float(np.count_nonzero(inside) / np.count_nonzero(there)))


def _centres(mask: BoolArray, slice_axis: int) -> tuple[BoolArray, npt.NDArray[np.float64]]:
    """Tell which slices hold the mask, and where its centre lies in each, in voxels of the other two axes."""
    slices = np.moveaxis(mask, slice_axis, 0)
    number, *position = np.nonzero(slices)
    counts = np.bincount(number, minlength=len(slices))
    sums = [np.bincount(number, weights=axis, minlength=len(slices)) for axis in position]
    return counts > 0, np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]


def _any_nearest(slices: BoolArray, numbers: npt.NDArray[np.int64], points: npt.NDArray[np.float64]) -> BoolArray:
    """Tell of each point whether a voxel that it is nearest to is in the mask; between two voxels, either counts."""
    inside = np.zeros(len(numbers), dtype=np.bool_)
    for first in (np.floor(points[:, 0] + 0.5), np.ceil(points[:, 0] - 0.5)):
        for second in (np.floor(points[:, 1] + 0.5), np.ceil(points[:, 1] - 0.5)):
            inside |= slices[numbers, first.astype(np.int64), second.astype(np.int64)]
    return inside
