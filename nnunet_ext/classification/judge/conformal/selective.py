"""The accuracy of those who are decided, and of those who are not."""

from dataclasses import dataclass

import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_pair
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.wilson import wilson


@dataclass(frozen=True)
class Selective:
    """Figures of a classifier that may abstain; None where its denominator is 0.

    Parameters
    ----------
    decided
        Patients that are decided, of all.
    accuracy
        Right, of those who are decided.
    accuracy_left_out
        Right, had it spoken, of those who are not: abstention is of use where this is lower.
    """

    decided: Estimate
    accuracy: Estimate
    accuracy_left_out: Estimate


def selective(right: npt.ArrayLike, decided: npt.ArrayLike) -> Selective:
    """Judge a classifier that abstains from some patients; shares with Wilson's interval.

    Parameters
    ----------
    right
        Shape (n,), truth values: whose likeliest class is the true one.
    decided
        Shape (n,), truth values: from whom it does not abstain.

    Raises
    ------
    DataRefusedError
        See `checked_pair`.
    """
    correct, kept = checked_pair(right, decided, 2)
    inside, outside = correct[kept == 1], correct[kept == 0]
    return Selective(
        decided=wilson(inside.size, kept.size),
        accuracy=wilson(int(inside.sum()), inside.size),
        accuracy_left_out=wilson(int(outside.sum()), outside.size),
    )
