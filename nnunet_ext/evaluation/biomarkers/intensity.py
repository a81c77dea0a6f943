"""What an image shows inside each lesion."""

from dataclasses import dataclass

import numpy as np

from nnunet_ext.core.volume import Array
from nnunet_ext.evaluation.biomarkers.body_frame import Floats, Labels


@dataclass(frozen=True)
class Intensity:
    """Mean and standard deviation (over all voxels, not n - 1) of an image inside a lesion."""

    mean: float
    sd: float


def intensities(within: Labels, image: Array) -> dict[int, Intensity]:
    """Measure an image inside each lesion.

    Parameters
    ----------
    within
        Shape (i, j, k): the lesions' numbers, 0 elsewhere.
    image
        Same shape.

    Returns
    -------
    dict
        By number; lesions without a voxel have no entry.
    """
    inside = within > 0
    labels, values = within[inside].astype(np.int64), image[inside].astype(np.float64)
    counts = np.bincount(labels)
    safe = np.maximum(counts, 1)
    means: Floats = np.bincount(labels, weights=values) / safe
    spread = np.sqrt(np.bincount(labels, weights=(values - means[labels]) ** 2) / safe)
    return {int(at): Intensity(float(means[at]), float(spread[at])) for at in np.flatnonzero(counts)}


def sums(within: Labels, values: Array) -> dict[int, float]:
    """Add up values inside each lesion, such as probabilities; lesions without a voxel have no entry."""
    inside = within > 0
    totals = np.bincount(within[inside].astype(np.int64), weights=values[inside].astype(np.float64))
    return {int(at): float(totals[at]) for at in np.unique(within[inside])}
