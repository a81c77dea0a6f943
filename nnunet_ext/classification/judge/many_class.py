"""Decisions among several diagnoses."""

from dataclasses import dataclass

import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_pair
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.mean_of_shares import mean_of_shares
from nnunet_ext.classification.judge.two_class import TwoClass, two_class
from nnunet_ext.classification.judge.wilson import wilson


@dataclass(frozen=True)
class ManyClass:
    """Figures of a decision among several.

    Parameters
    ----------
    accuracy
        Decided right, of all.
    balanced_accuracy
        Mean of the sensitivities of all classes; None where a class has no patient.
    by_class
        Each class against all others.
    """

    accuracy: Estimate
    balanced_accuracy: Estimate
    by_class: tuple[TwoClass, ...]


def many_class(truth: npt.ArrayLike, decided: npt.ArrayLike, classes: int) -> ManyClass:
    """Judge decisions among several diagnoses; see `two_class` for each.

    Parameters
    ----------
    truth, decided
        Shape (n,), class numbers.
    classes
        How many there are, whether a patient has them or not.

    Raises
    ------
    DataRefusedError
        See `checked_pair`.
    """
    true, found = checked_pair(truth, decided, classes)
    by_class = tuple(two_class(true == number, found == number) for number in range(classes))
    return ManyClass(
        accuracy=wilson(int((true == found).sum()), true.size),
        balanced_accuracy=mean_of_shares([each.sensitivity for each in by_class]),
        by_class=by_class,
    )
