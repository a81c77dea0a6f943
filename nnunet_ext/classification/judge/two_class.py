"""One diagnosis against the other, or against all others."""

from dataclasses import dataclass

import numpy.typing as npt

from nnunet_ext.classification.judge.confusion import confusion
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.mean_of_shares import mean_of_shares
from nnunet_ext.classification.judge.wilson import wilson


@dataclass(frozen=True)
class TwoClass:
    """Figures of a decision between two, each None where its denominator is 0.

    Parameters
    ----------
    accuracy
        Decided right, of all.
    balanced_accuracy
        Mean of sensitivity and specificity.
    sensitivity, specificity
        Decided right, of those who have the diagnosis, and of those who have not.
    ppv, npv
        Decided right, of those who were said to have it, and of those who were not: they hold at this share of
        patients with the diagnosis, and at no other.
    """

    accuracy: Estimate
    balanced_accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate


def two_class(truth: npt.ArrayLike, decided: npt.ArrayLike) -> TwoClass:
    """Judge decisions between two.

    Shares with Wilson's interval; see `mean_of_shares` for that of the balanced accuracy.

    Parameters
    ----------
    truth, decided
        Shape (n,); 1 has the diagnosis, 0 has not.

    Returns
    -------
    TwoClass
        Of patients of one class alone, the share of the other and the balanced accuracy are None.

    Raises
    ------
    DataRefusedError
        See `checked_pair`.
    """
    (tn, fp), (fn, tp) = confusion(truth, decided, 2).tolist()
    sensitivity, specificity = wilson(tp, tp + fn), wilson(tn, tn + fp)
    return TwoClass(
        accuracy=wilson(tp + tn, tp + tn + fp + fn),
        balanced_accuracy=mean_of_shares([sensitivity, specificity]),
        sensitivity=sensitivity,
        specificity=specificity,
        ppv=wilson(tp, tp + fp),
        npv=wilson(tn, tn + fn),
    )
