"""How far two measurements of the same thing lie apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.evaluation.agreement.confidence_interval import LEVEL
from nnunet_ext.evaluation.agreement.values import paired_values

_NORMAL = 1.96  # as Bland and Altman have it: 95 % of a normal distribution


@dataclass(frozen=True)
class BlandAltman:
    """Bias and limits of agreement, each with its 95 % interval; None where too few subjects define it.

    Parameters
    ----------
    n_undefined
        Subjects without a percent difference (their mean is 0).
    bias, bias_low, bias_high
        Mean of b - a.
    sd
        Standard deviation (n - 1) of the differences.
    limit_low, limit_low_low, limit_low_high
        bias - 1.96 sd.
    limit_high, limit_high_low, limit_high_high
        bias + 1.96 sd.
    slope, slope_p
        Of the difference on the mean of a and b, by least squares: whether the bias grows with the size.
    """

    n_undefined: int = 0
    bias: float | None = None
    bias_low: float | None = None
    bias_high: float | None = None
    sd: float | None = None
    limit_low: float | None = None
    limit_low_low: float | None = None
    limit_low_high: float | None = None
    limit_high: float | None = None
    limit_high_low: float | None = None
    limit_high_high: float | None = None
    slope: float | None = None
    slope_p: float | None = None


def bland_altman(a: npt.ArrayLike, b: npt.ArrayLike, *, percent: bool = False) -> BlandAltman:
    """Give bias and limits of agreement of b against a.

    Bland and Altman 1986 (Lancet 327:307) and 1999 (Stat. Methods Med. Res. 8:135), whose section 2 has the intervals:
    the bias has the standard error ``sd / sqrt(n)``, a limit ``sd sqrt(1/n + 1.96^2 / (2 (n - 1)))``, both with
    Student's t of n - 1.

    Parameters
    ----------
    a, b
        Shape (n,), one unit, in the same order of subjects.
    percent
        Whether differences are given as 100 (b - a) / mean(a, b). Subjects in which both are 0 differ by 0; where only
        the mean is 0 there is no percentage, and the subject is counted in `n_undefined`.

    Returns
    -------
    BlandAltman
        No subject: no bias. One: no limits. Fewer than three, or means that are all the same: no slope.

    Raises
    ------
    DataRefusedError
        See `paired_values`.
    """
    first, second = paired_values(a, b)
    differences, means = second - first, (first + second) / 2
    undefined = 0
    if percent:
        kept = (means != 0) | (differences == 0)
        undefined = int((~kept).sum())
        differences, means = differences[kept], means[kept]
        differences = 100 * np.divide(differences, means, out=np.zeros_like(means), where=means != 0)
    n = differences.size
    if n == 0:
        return BlandAltman(undefined)
    bias = float(differences.mean())
    if n == 1:
        return BlandAltman(undefined, bias)
    sd = float(differences.std(ddof=1))
    t = float(stats.t.ppf((1 + LEVEL) / 2, n - 1))
    about_bias, about_limit = t * sd / np.sqrt(n), t * sd * np.sqrt(1 / n + _NORMAL**2 / (2 * (n - 1)))
    low, high = bias - _NORMAL * sd, bias + _NORMAL * sd
    slope, slope_p = None, None
    if n > 2 and np.ptp(means) > 0 and np.ptp(differences) > 0:
        line = stats.linregress(means, differences)
        slope, slope_p = float(line.slope), float(line.pvalue)
    return BlandAltman(
        undefined, bias, bias - about_bias, bias + about_bias, sd,
        low, low - about_limit, low + about_limit, high, high - about_limit, high + about_limit, slope, slope_p,
    )  # fmt: skip
