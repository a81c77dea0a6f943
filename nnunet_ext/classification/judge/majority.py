"""Whether a classifier does better than saying always the same."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.classification.judge.arrays import checked_pair
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.wilson import wilson


@dataclass(frozen=True)
class AgainstMajority:
    """An accuracy beside that of the commonest class.

    Parameters
    ----------
    accuracy
        Of the classifier.
    majority
        The accuracy of saying always the commonest class; None without a patient.
    p
        Of the exact test that the classifier is no better, one-sided; None without a patient.
    """

    accuracy: Estimate
    majority: float | None
    p: float | None


def against_majority(
    truth: npt.ArrayLike, decided: npt.ArrayLike, classes: int, commonest: int | None = None
) -> AgainstMajority:
    """Compare an accuracy with that of the commonest class by the exact binomial test.

    ``p = P(X >= right)`` with X binomial of n patients and the commonest class's share of them (Clopper and Pearson
    1934, Biometrika 26:404, invert the same tails). The share is taken as known.

    Parameters
    ----------
    truth, decided
        Shape (n,), class numbers.
    classes
        How many there are.
    commonest
        The class that is commonest in training; None takes that of these patients, which is the harder test.

    Raises
    ------
    DataRefusedError
        See `checked_pair`.
    """
    true, found = checked_pair(truth, decided, classes)
    right = int((true == found).sum())
    accuracy = wilson(right, true.size)
    if not true.size:
        return AgainstMajority(accuracy, None, None)
    counts = np.bincount(true, minlength=classes)
    share = float(counts.max() if commonest is None else counts[commonest]) / true.size
    return AgainstMajority(accuracy, share, float(stats.binom.sf(right - 1, true.size, share)))
