"""Lesion count weighted by assignment."""

import math

import numpy as np
from scipy.optimize import linear_sum_assignment

from nnunet_ext.evaluation.lesions import Meetings


def lesion_count_weighted_by_assignment(meetings: Meetings) -> float:
    """Score number and place of lesions at once: the precision of the best one-to-one matching, over all lesions.

    ``sum of |r and p| / |p| over the matched pairs (r, p), divided by the number of reference lesions``, where the
    matching is the one for which the sum is largest (MetricsReloaded's fork of SCIsegV2, pairwise_measures 1355, after
    the ATLAS stroke challenge).

    Parameters
    ----------
    meetings
        Of the lesions of both masks, by face neighbours and of any size.

    Returns
    -------
    float
        0 to 1, higher is better. No reference lesion: NaN. No predicted lesion: 0.
    """
    lesions = len(meetings.reference_sizes)
    if lesions == 0:
        return math.nan
    # Lesions that meet none add nothing, and would make the matrix as large as a noisy prediction.
    reference, row = np.unique(meetings.reference, return_inverse=True)
    predicted, column = np.unique(meetings.predicted, return_inverse=True)
    precision = np.zeros((len(reference), len(predicted)))
    precision[row, column] = meetings.voxels / meetings.predicted_sizes[meetings.predicted]
    matched = linear_sum_assignment(precision, maximize=True)
    return float(precision[matched].sum() / lesions)
