"""How far apart the borders of two masks lie."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import KDTree

from nnunet_ext.core.rounding import more_than
from nnunet_ext.evaluation.overlap import BoolArray

Spacing = tuple[float, float, float]
Distances = npt.NDArray[np.float64]

_PERCENTILE: Final = 95


@dataclass(frozen=True)
class SurfaceMetrics:
    """Distances between two borders.

    Parameters
    ----------
    nsd
        Normalised surface distance, 0 to 1, higher is better: the share of border voxels of both masks that lie within
        the tolerance of the other's border (Nikolov et al. 2021, in the border-voxel form of MetricsReloaded).
    assd
        Average symmetric surface distance in mm: the mean over the border voxels of both masks taken together.
    hd95
        The 95th percentile of the distances in each direction, in mm, then the larger of the two.
    """

    nsd: float
    assd: float
    hd95: float


def surface_metrics(
    reference: BoolArray, prediction: BoolArray, spacing: Spacing, tolerance_mm: float
) -> SurfaceMetrics:
    """Measure the distances between the borders of two masks.

    Parameters
    ----------
    reference, prediction
        Masks of one shape (i, j, k), any axis order.
    spacing
        Of the array axes, in mm.
    tolerance_mm
        Up to this distance, inclusive and whatever the last digit of a 32-bit header, a border voxel agrees with the
        other border.

    Returns
    -------
    SurfaceMetrics
        Where a mask is empty there is no border, and all are NaN: `Preset.empty` says what stands in their place.

    Notes
    -----
    The border is what an erosion by the six face neighbours removes; outside the image there is no mask. The distance
    is exact, between voxel centres, each to the nearest border voxel of the other mask.
    """
    there, predicted = border_voxels(reference), border_voxels(prediction)
    if not len(there) or not len(predicted):
        return SurfaceMetrics(math.nan, math.nan, math.nan)
    of_reference, of_prediction = _to_nearest(there, predicted, spacing), _to_nearest(predicted, there, spacing)
    every = np.concatenate([of_reference, of_prediction])
    return SurfaceMetrics(
        nsd=float(np.mean(~more_than(every, tolerance_mm))),
        assd=float(every.mean()),
        hd95=float(max(np.percentile(of_reference, _PERCENTILE), np.percentile(of_prediction, _PERCENTILE))),
    )


def border_voxels(mask: BoolArray) -> npt.NDArray[np.int64]:
    """List the voxels of a mask that have a face neighbour outside it, shape (n, 3); the image's edge is outside."""
    inner = ndimage.binary_erosion(mask)
    return np.argwhere(mask & ~inner)


def _to_nearest(voxels: npt.NDArray[np.int64], others: npt.NDArray[np.int64], spacing: Spacing) -> Distances:
    """Give the distance in mm of each voxel to the nearest of the others.

    Only the neighbour comes from the tree: the distance is then taken from whole steps along the axes, so that no
    rounding of positions decides whether it is within the tolerance.
    """
    size = np.asarray(spacing)
    _, nearest = KDTree(others * size).query(voxels * size)
    distances: Distances = np.sqrt((((voxels - others[nearest]) * size) ** 2).sum(axis=1))
    return distances
