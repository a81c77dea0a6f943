"""How a measurement goes with a clinical score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.evaluation.agreement.confidence_interval import (
    NO_INTERVAL,
    Bootstrap,
    ConfidenceInterval,
    bootstrap_interval,
    fisher_interval,
)
from nnunet_ext.evaluation.agreement.values import paired_values


@dataclass(frozen=True)
class Correlation:
    """Spearman's correlation; None where it is not defined, and `note` says why.

    Parameters
    ----------
    n
        Subjects.
    rho
        -1 to 1.
    p
        Of no correlation, two-sided.
    interval
        95 %, by Bonett and Wright.
    note
        Empty where all is defined.
    """

    n: int
    rho: float | None
    p: float | None
    interval: ConfidenceInterval
    note: str


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> Correlation:
    """Correlate the ranks of two measurements.

    Spearman 1904 (Am. J. Psychol. 15:72), ties with their mean rank; p from Student's t of n - 2, as scipy has it;
    interval ``tanh(atanh(rho) +- 1.96 sqrt((1 + rho^2 / 2) / (n - 3)))`` (Bonett and Wright 2000, Psychometrika
    65:23).

    Parameters
    ----------
    x, y
        Shape (n,), in the same order of subjects, any units.

    Returns
    -------
    Correlation
        Fewer than three subjects, or values that are all the same: no coefficient. Fewer than four, or a perfect
        correlation: no interval.

    Raises
    ------
    DataRefusedError
        See `paired_values`.
    """
    first, second = paired_values(x, y)
    n = first.size
    if n < 3:
        return Correlation(n, None, None, NO_INTERVAL, f"{n} subjects: a correlation needs 3")
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return Correlation(n, None, None, NO_INTERVAL, "all values are the same")
    done = stats.spearmanr(first, second)
    rho, p = float(done.statistic), float(done.pvalue)
    if n < 4 or 1 - abs(rho) < 1e-12:
        return Correlation(n, rho, p, NO_INTERVAL, "no interval: too few subjects, or a perfect correlation")
    return Correlation(n, rho, p, fisher_interval(rho, (1 + rho**2 / 2) / (n - 3), "Bonett and Wright"), "")


def correlation_difference(
    a: npt.ArrayLike, b: npt.ArrayLike, score: npt.ArrayLike, bootstrap: Bootstrap
) -> tuple[float | None, ConfidenceInterval]:
    """Say whether b goes with a score as a does: rho(b, score) - rho(a, score).

    Both correlations share the score and the subjects, so their intervals must not be compared; subjects are resampled
    with all three values together.

    Parameters
    ----------
    a, b, score
        Shape (n,), in the same order of subjects.
    bootstrap
        How to resample.

    Returns
    -------
    tuple
        The difference and its 95 % interval; None where either correlation is not defined.

    Raises
    ------
    DataRefusedError
        See `paired_values`.
    """
    first, second = paired_values(a, b)
    _, scores = paired_values(a, score)
    one, other = spearman(first, scores), spearman(second, scores)
    if one.rho is None or other.rho is None:
        return None, NO_INTERVAL
    return other.rho - one.rho, bootstrap_interval(_difference, [first, second, scores], bootstrap)


def _difference(a: Any, b: Any, score: Any, axis: int = -1) -> Any:  # noqa: ANN401 - arrays of any shape
    ranks = [stats.rankdata(values, axis=axis) for values in (a, b, score)]
    centred = [rank - rank.mean(axis=axis, keepdims=True) for rank in ranks]
    norms = [np.sqrt((values**2).sum(axis=axis)) for values in centred]
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = ((centred[i] * centred[2]).sum(axis=axis) / (norms[i] * norms[2]) for i in (0, 1))
        return other - one
