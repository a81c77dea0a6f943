"""How a measurement goes with a clinical score."""

from dataclasses import dataclass
from itertools import permutations
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.core.rounding import ROUNDING
from nnunet_ext.evaluation.agreement.confidence_interval import NO_INTERVAL, ConfidenceInterval, fisher_interval
from nnunet_ext.evaluation.agreement.values import Values, paired_values

_MOST_EXACT: Final = 8  # subjects, whose 40,320 orders are counted in a moment


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
    p_method
        How p was found: `exact`, `t`, or None.
    """

    n: int
    rho: float | None
    p: float | None
    interval: ConfidenceInterval
    note: str
    p_method: str | None = None


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> Correlation:
    """Correlate the ranks of two measurements.

    Spearman 1904 (Am. J. Psychol. 15:72), ties with their mean rank; p from all orders of up to 8 subjects, beyond from
    Student's t of n - 2, as scipy has it; interval
    ``tanh(atanh(rho) +- 1.96 sqrt((1 + rho^2 / 2) / (n - 3)))`` (Bonett and Wright 2000, Psychometrika 65:23).

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
    rho = float(done.statistic)
    p, method = _p_of(first, second, float(done.pvalue))
    if n < 4 or 1 - abs(rho) < 1e-12:
        reason = "no interval: too few subjects, or a perfect correlation"
        return Correlation(n, rho, p, NO_INTERVAL, reason, method)
    interval = fisher_interval(rho, (1 + rho**2 / 2) / (n - 3), "Bonett and Wright")
    return Correlation(n, rho, p, interval, "", method)


def _p_of(x: Values, y: Values, p: float) -> tuple[float, str]:
    """Count out the p of few subjects: Student's t gives 0 to three that go together, where one in three may."""
    n = x.size
    if n > _MOST_EXACT:
        return p, "t"
    ranks, others = (stats.rankdata(values) - (n + 1) / 2 for values in (x, y))
    every = np.array(list(permutations(others)))
    seen, products = abs(float(ranks @ others)), np.abs(every @ ranks)
    return float(np.mean(products >= seen * (1 - ROUNDING) - ROUNDING)), "exact"
