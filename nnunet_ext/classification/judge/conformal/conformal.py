"""What makes sets of diagnoses hold the truth as often as asked, from validation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Values, checked_probabilities
from nnunet_ext.classification.judge.conformal.score import Score, strangeness
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.rounding import whole_up


@dataclass(frozen=True)
class Conformal:
    """Split conformal prediction, fitted.

    Parameters
    ----------
    score
        Of strangeness.
    coverage
        The share of patients whose set is to hold the truth.
    thresholds
        Of each class: it is in a patient's set up to this score. None: always, as validation had too few patients.
    patients
        Of validation, from whom each threshold was taken.
    """

    score: Score
    coverage: float
    thresholds: tuple[float | None, ...]
    patients: tuple[int, ...]


def fit_conformal(
    truth: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    coverage: float,
    score: Score = Score.LAC,
    *,
    by_class: bool = False,
    uniform: Values | None = None,
) -> Conformal:
    """Take the thresholds from validation.

    Of n scores at the true class the threshold is the k-th smallest, ``k = ceil((n + 1) coverage)``, and there is
    none where k is above n (Vovk, Gammerman and Shafer 2005; Lei et al. 2018, J. Am. Stat. Assoc. 113:1094, algorithm
    2). For a patient who is exchangeable with those of validation the set then holds the truth with a chance of
    `coverage` or more.

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    probabilities
        Shape (n, classes), of patients on whom neither the model nor its temperature was fitted.
    coverage
        Between 0 and 1, such as 0.9.
    score
        See `strangeness`.
    by_class
        Whether the coverage is to hold in each class for itself (Mondrian; Vovk 2012, ACML): larger sets, each from the
        patients of one class alone.
    uniform
        See `strangeness`.

    Raises
    ------
    UsageError
        Where the coverage is not between 0 and 1.
    DataRefusedError
        See `checked_probabilities`.
    """
    if not 0 < coverage < 1:
        raise UsageError(f"a coverage between 0 and 1 was needed, such as 0.9, found {coverage}")
    true, given = checked_probabilities(truth, probabilities)
    scores = strangeness(given, score, uniform)[np.arange(true.size), true]
    classes = range(given.shape[1])
    taken = [scores[true == number] if by_class else scores for number in classes]
    return Conformal(
        score, coverage, tuple(_threshold(each, coverage) for each in taken), tuple(each.size for each in taken)
    )


def _threshold(scores: Values, coverage: float) -> float | None:
    rank = whole_up((scores.size + 1) * coverage)
    return float(np.sort(scores)[rank - 1]) if rank <= scores.size else None
