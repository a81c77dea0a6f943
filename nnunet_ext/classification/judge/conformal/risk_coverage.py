"""How wrong a classifier is where it speaks, against how often it speaks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Values, checked_scores


@dataclass(frozen=True)
class RiskCoverage:
    """A risk-coverage curve.

    Parameters
    ----------
    coverage
        Share of patients that are decided, the surest first: 1/n, 2/n, ... 1.
    risk
        Share of these that are decided wrong.
    area
        AURC, the mean of `risk`: small is good; None of no patient.
    excess
        What the area is above that of the same errors put last: 0 where certainty tells every error; None of no
        patient.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: float | None
    excess: float | None


def risk_coverage(right: npt.ArrayLike, certainty: npt.ArrayLike) -> RiskCoverage:
    """Give the curve with its area.

    El-Yaniv and Wiener 2010 (J. Mach. Learn. Res. 11:1605); area and excess as in Geifman, Uziel and El-Yaniv 2019
    (ICLR, section 3). Patients of the same certainty are decided in no order: the risk is that
    expected over all orders.

    Parameters
    ----------
    right
        Shape (n,), truth values: who is decided right.
    certainty
        Shape (n,), growing with it, such as the probability of the likeliest class.

    Raises
    ------
    DataRefusedError
        See `checked_scores`.
    """
    correct, values = checked_scores(right, certainty)
    count = correct.size
    if not count:
        return RiskCoverage((), (), None, None)
    decided = np.arange(1, count + 1)
    risk = _expected_errors(~correct, values) / decided
    wrong = int((~correct).sum())
    best = np.maximum(0, decided - (count - wrong)) / decided
    area = float(risk.mean())
    return RiskCoverage(
        tuple((decided / count).tolist()), tuple(risk.tolist()), area, max(0.0, area - float(best.mean()))
    )


def _expected_errors(wrong: npt.NDArray[np.bool_], certainty: Values) -> Values:
    """Count the errors among the surest 1, 2, ... n: within patients as sure, they come at an even pace."""
    _, group, sizes = np.unique(-certainty, return_inverse=True, return_counts=True)
    pace = np.bincount(group, weights=wrong) / sizes
    errors: Values = np.cumsum(np.repeat(pace, sizes))
    return errors
