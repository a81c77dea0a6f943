"""Whether one of two measurements of the same subjects goes better with a score."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.evaluation.agreement.confidence_interval import LEVEL
from nnunet_ext.evaluation.agreement.values import Values, paired_values


@dataclass(frozen=True)
class CorrelationDifference:
    """The difference of two rank correlations that share a score; None where it is not defined.

    Parameters
    ----------
    difference
        rho(b, score) - rho(a, score).
    low, high
        Its 95 % interval: 0 lies outside where `p` is below 0.05, and nowhere else.
    t, p
        Of Williams' test of no difference, two-sided.
    """

    difference: float | None = None
    low: float | None = None
    high: float | None = None
    t: float | None = None
    p: float | None = None


def correlation_difference(a: npt.ArrayLike, b: npt.ArrayLike, score: npt.ArrayLike) -> CorrelationDifference:
    """Say whether b goes with a score as a does.

    Both correlations share the score and the subjects, so their intervals must not be compared. Williams' test (1959,
    J. R. Stat. Soc. B 21:396; Steiger 1980, Psychol. Bull. 87:245, equation 7) of the ranks: with r_a, r_b the
    correlations with the score, r_ab that of a and b, r the mean of the first two and
    ``D = 1 - r_a^2 - r_b^2 - r_ab^2 + 2 r_a r_b r_ab``, of n - 3 degrees of freedom,
    ``t = (r_b - r_a) sqrt((n - 1) (1 + r_ab) / (2 D (n - 1) / (n - 3) + r^2 (1 - r_ab)^3))``, as `r.test` of R's psych.
    The interval is the difference and Student's t times the standard error in it. A bootstrap excludes 0 far too often
    with a dozen subjects.

    Parameters
    ----------
    a, b, score
        Shape (n,), in the same order of subjects.

    Returns
    -------
    CorrelationDifference
        Neither correlation may be undefined. Fewer than four subjects, or a and b of opposite order: no test. Of the
        same order: no difference, and p is 1.

    Raises
    ------
    DataRefusedError
        See `paired_values`.
    """
    first, second = paired_values(a, b)
    _, scores = paired_values(a, score)
    one, other, between = _rho(first, scores), _rho(second, scores), _rho(first, second)
    if one is None or other is None or between is None:
        return CorrelationDifference()
    difference = other - one
    if 1 - between < 1e-12:
        return CorrelationDifference(0.0, 0.0, 0.0, 0.0, 1.0)
    error = _standard_error(one, other, between, first)
    if error is None:
        return CorrelationDifference(difference)
    freedom = first.size - 3
    half = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * error
    t = difference / error
    return CorrelationDifference(
        difference, difference - half, difference + half, t, 2 * float(stats.t.sf(abs(t), freedom))
    )


def _rho(x: Values, y: Values) -> float | None:
    if x.size < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1])


def _standard_error(one: float, other: float, between: float, values: Values) -> float | None:
    n = values.size
    if n < 4 or 1 + between < 1e-12:
        return None
    determinant = max(0.0, 1 - one**2 - other**2 - between**2 + 2 * one * other * between)
    mean = (one + other) / 2
    spread = 2 * determinant * (n - 1) / (n - 3) + mean**2 * (1 - between) ** 3
    return float(np.sqrt(spread / ((n - 1) * (1 + between)))) if spread > 0 else None
