"""Areas under ROC curves of the same patients, and how they vary together."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from nnunet_ext.classification.judge.arrays import Mask, Values


@dataclass(frozen=True)
class Areas:
    """Areas of k classifiers.

    Parameters
    ----------
    values
        Shape (k,).
    covariance
        Shape (k, k); None where a class has fewer than two patients.
    """

    values: Values
    covariance: Values | None


def delong(positive: Mask, scores: Values) -> Areas | None:
    """Give the areas of k classifiers with their covariance.

    An area is the share of pairs of a patient with and one without the diagnosis in which the former has the higher
    score, ties by half (Mann and Whitney 1947). The covariance is that of DeLong, DeLong and Clarke-Pearson 1988
    (Biometrics 44:837), ``S10 / m + S01 / n``, computed from midranks (Sun and Xu 2014, IEEE Signal
    Process. Lett. 21:1389), so that it takes the time of sorting.

    Parameters
    ----------
    positive
        Shape (n,): who has the diagnosis.
    scores
        Shape (k, n), finite, growing with the diagnosis.

    Returns
    -------
    Areas or None
        None where all patients have the diagnosis, or none has.
    """
    with_it, without = scores[:, positive], scores[:, ~positive]
    m, n = with_it.shape[1], without.shape[1]
    if not m or not n:
        return None
    ranks = stats.rankdata(scores, axis=1)
    above = (ranks[:, positive] - stats.rankdata(with_it, axis=1)) / n
    below = 1 - (ranks[:, ~positive] - stats.rankdata(without, axis=1)) / m
    values = above.mean(axis=1)
    if m < 2 or n < 2:
        return Areas(values, None)
    return Areas(values, np.atleast_2d(np.cov(above)) / m + np.atleast_2d(np.cov(below)) / n)
