"""Areas under ROC curves of several diagnoses."""

from dataclasses import dataclass

import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_probabilities
from nnunet_ext.classification.judge.auc import auc
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.macro_auc import macro_auc


@dataclass(frozen=True)
class OneVsRest:
    """The area of each class's probability against all others.

    Parameters
    ----------
    by_class
        Of each class.
    macro
        Their mean; None where one of them is. `bootstrap` of `macro_auc` gives it an interval.
    """

    by_class: tuple[Estimate, ...]
    macro: float | None


def one_vs_rest(truth: npt.ArrayLike, probabilities: npt.ArrayLike) -> OneVsRest:
    """Give the areas of each class against the rest, and their unweighted mean.

    Provost and Domingos 2003 (Mach. Learn. 52:199), without their weights; see `auc` for the intervals, `macro_auc` for
    the mean. Of two classes both areas are the same.

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    probabilities
        Shape (n, classes).

    Returns
    -------
    OneVsRest
        The area of a class that no patient has, or that all have, is None.

    Raises
    ------
    DataRefusedError
        See `checked_probabilities`.
    """
    true, given = checked_probabilities(truth, probabilities)
    by_class = tuple(auc(true == number, given[:, number]) for number in range(given.shape[1]))
    return OneVsRest(by_class, macro_auc(true, given))
