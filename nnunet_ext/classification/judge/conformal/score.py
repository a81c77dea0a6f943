"""How strange each diagnosis would be for a patient."""

from enum import StrEnum
from typing import Final

import numpy as np

from nnunet_ext.classification.judge.arrays import Values

_DIGITS: Final = 12  # sums that differ by rounding alone are the same score


class Score(StrEnum):
    """Which score of strangeness.

    `LAC`, least ambiguous sets: the smallest sets on average, which may be empty. `APS`, adaptive sets: larger where
    the patient is harder, never empty without `uniform`.
    """

    LAC = "lac"
    APS = "aps"


def strangeness(probabilities: Values, score: Score, uniform: Values | None = None) -> Values:
    """Score each class of each patient from 0, expected, to 1, strange.

    LAC: ``1 - p`` (Sadinle, Lei and Wasserman 2019, J. Am. Stat. Assoc. 114:223). APS: the probabilities of all classes
    that are likelier, and u times that of the class itself (Romano, Sesia and Candes 2020, NeurIPS, equations 5 to 8);
    classes as likely count as likelier, so that their order is nothing.

    Parameters
    ----------
    probabilities
        Shape (n, classes).
    score
        Which.
    uniform
        u of each patient for APS, shape (n,), drawn between 0 and 1 apart from everything else. None takes 1: sets that
        anybody can draw again, and that hold the truth more often than asked, of two classes far more often.

    Returns
    -------
    array
        Shape (n, classes).
    """
    if score is Score.LAC:
        alone: Values = np.round(1 - probabilities, _DIGITS)
        return alone
    own = np.ones(len(probabilities)) if uniform is None else uniform
    as_likely = probabilities[:, np.newaxis, :] >= probabilities[:, :, np.newaxis]
    mass = (as_likely * probabilities[:, np.newaxis, :]).sum(axis=2)
    gathered: Values = np.round(mass - (1 - own[:, np.newaxis]) * probabilities, _DIGITS)
    return gathered
