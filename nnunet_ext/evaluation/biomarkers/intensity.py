"""What an image shows inside each lesion."""

from dataclasses import dataclass

import numpy as np

from nnunet_ext.core.volume import Array
from nnunet_ext.evaluation.biomarkers.body_frame import Floats, Indices, Labels


@dataclass(frozen=True)
class Intensity:
    """What an image shows inside a lesion; standard deviations are over all voxels, not n - 1.

    Parameters
    ----------
    mean, sd
        As SCT has them, voxels of value 0 left out; None where all are.
    mean_corrected, sd_corrected
        Of every voxel: 0 is a value like others, in a map of differences or after normalisation.
    """

    mean: float | None
    sd: float | None
    mean_corrected: float
    sd_corrected: float


def intensities(within: Labels, image: Array) -> dict[int, Intensity]:
    """Measure an image inside each lesion.

    Source of `mean` and `sd`: SCT 3b3c5b22d, sct_analyze_lesion.py, `_measure_within_im`.

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
    every = _mean_and_sd(labels, values)
    not_zero = _mean_and_sd(labels[values != 0], values[values != 0])
    found = {}
    for at, (mean, sd) in every.items():
        mean_as_sct, sd_as_sct = not_zero.get(at, (None, None))
        found[at] = Intensity(mean_as_sct, sd_as_sct, mean, sd)
    return found


def _mean_and_sd(labels: Indices, values: Floats) -> dict[int, tuple[float, float]]:
    counts = np.bincount(labels)
    safe = np.maximum(counts, 1)
    means: Floats = np.bincount(labels, weights=values) / safe
    spread = np.sqrt(np.bincount(labels, weights=(values - means[labels]) ** 2) / safe)
    return {int(at): (float(means[at]), float(spread[at])) for at in np.flatnonzero(counts)}


def sums(within: Labels, values: Array) -> dict[int, float]:
    """Add up values inside each lesion, such as probabilities; lesions without a voxel have no entry."""
    inside = within > 0
    totals = np.bincount(within[inside].astype(np.int64), weights=values[inside].astype(np.float64))
    return {int(at): float(totals[at]) for at in np.unique(within[inside])}
