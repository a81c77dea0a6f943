"""How well two measurements agree, in one number each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.evaluation.agreement.confidence_interval import NO_INTERVAL, ConfidenceInterval, fisher_interval
from nnunet_ext.evaluation.agreement.intraclass import intraclass
from nnunet_ext.evaluation.agreement.values import Values, paired_values


@dataclass(frozen=True)
class Concordance:
    """Coefficients of agreement; None where constant values or too few subjects leave one undefined.

    Parameters
    ----------
    ccc, ccc_low, ccc_high
        Lin's concordance correlation coefficient, with its 95 % interval.
    icc, icc_low, icc_high
        ICC(A,1), see `intraclass`.
    pearson, spearman
        Correlation of values, and of ranks: they do not see a bias.
    mean_absolute_error
        In the unit of the values.
    """

    ccc: float | None = None
    ccc_low: float | None = None
    ccc_high: float | None = None
    icc: float | None = None
    icc_low: float | None = None
    icc_high: float | None = None
    pearson: float | None = None
    spearman: float | None = None
    mean_absolute_error: float | None = None


def concordance(a: npt.ArrayLike, b: npt.ArrayLike) -> Concordance:
    """Measure how well b agrees with a.

    Lin's coefficient (1989, Biometrics 45:255): ``2 s_ab / (s_a^2 + s_b^2 + (mean_a - mean_b)^2)`` with variances over
    n; its interval through Fisher's z with the variance that Lin corrected in 2000 (Biometrics 56:324).

    Parameters
    ----------
    a, b
        Shape (n,), one unit, in the same order of subjects.

    Returns
    -------
    Concordance
        No subject: everything None. Where a or b does not vary, correlations are None; where both are one and the same
        number, so are CCC and ICC.

    Raises
    ------
    DataRefusedError
        See `paired_values`.
    """
    first, second = paired_values(a, b)
    if not first.size:
        return Concordance()
    icc, icc_interval = intraclass(np.column_stack([first, second]))
    varies = np.ptp(first) > 0 and np.ptp(second) > 0
    pearson = float(stats.pearsonr(first, second).statistic) if varies else None
    ccc = _lin(first, second)
    lin = NO_INTERVAL if ccc is None or pearson is None else _lin_interval(first, second, ccc, pearson)
    return Concordance(
        ccc=ccc,
        ccc_low=lin.low,
        ccc_high=lin.high,
        icc=icc,
        icc_low=icc_interval.low,
        icc_high=icc_interval.high,
        pearson=pearson,
        spearman=float(stats.spearmanr(first, second).statistic) if varies else None,
        mean_absolute_error=float(np.abs(second - first).mean()),
    )


def _lin(a: Values, b: Values) -> float | None:
    if a.size < 2:
        return None
    spread = float(a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    return None if spread == 0 else 2 * float(((a - a.mean()) * (b - b.mean())).mean()) / spread


def _lin_interval(a: Values, b: Values, ccc: float, r: float) -> ConfidenceInterval:
    if a.size < 4 or abs(r) < 1e-12 or 1 - abs(ccc) < 1e-12:
        return NO_INTERVAL
    shift = float((a.mean() - b.mean()) ** 2 / (a.std() * b.std()))  # Lin's u squared
    c2 = ccc**2
    variance = (
        (1 - r**2) * c2 / ((1 - c2) * r**2)
        + 2 * ccc**3 * (1 - ccc) * shift / (r * (1 - c2) ** 2)
        - c2**2 * shift**2 / (2 * r**2 * (1 - c2) ** 2)
    ) / (a.size - 2)
    return fisher_interval(ccc, variance, "Lin") if variance >= 0 else NO_INTERVAL
