"""The intraclass correlation of several raters."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.evaluation.agreement.confidence_interval import LEVEL, NO_INTERVAL, ConfidenceInterval


def intraclass(ratings: npt.ArrayLike) -> tuple[float | None, ConfidenceInterval]:
    """Give the intraclass correlation for absolute agreement of single ratings, ICC(2,1) or ICC(A,1).

    Two-way random effects (Shrout and Fleiss 1979, Psychol. Bull. 86:420); its interval by McGraw and Wong 1996
    (Psychol. Methods 1:30, table 7). With MSR, MSC, MSE the mean squares of subjects, raters and the rest, for n
    subjects and k raters: ``(MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n)``.

    Parameters
    ----------
    ratings
        Shape (n subjects, k raters), one unit, none missing.

    Returns
    -------
    tuple
        The coefficient, at most 1 and possibly below 0, and its 95 % interval. None with fewer than two subjects or
        raters, or where all ratings are the same; no interval where nothing is left to estimate it from, as with raters
        who agree to the last digit, and where the approximation does not hold the coefficient itself.

    Raises
    ------
    DataRefusedError
        Where the array is not two-dimensional or holds a value that is not finite.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise DataRefusedError(f"finite ratings of shape (subjects, raters) were needed, found shape {table.shape}")
    n, k = table.shape
    if n < 2 or k < 2 or np.ptp(table) == 0:
        return None, NO_INTERVAL
    grand, rows, columns = table.mean(), table.mean(axis=1), table.mean(axis=0)
    msr = k * float(((rows - grand) ** 2).sum()) / (n - 1)
    msc = n * float(((columns - grand) ** 2).sum()) / (k - 1)
    mse = float(((table - rows[:, None] - columns + grand) ** 2).sum()) / ((n - 1) * (k - 1))
    total = msr + (k - 1) * mse + k * (msc - mse) / n
    if total <= 0:  # two subjects, two raters, who say the opposite
        return None, NO_INTERVAL
    icc = (msr - mse) / total
    if mse + msc <= 1e-12 * msr:  # raters who agree to the last digit leave nothing to estimate a spread from
        return icc, NO_INTERVAL
    on_columns = k * icc / (n * (1 - icc))
    on_rest = 1 + k * icc * (n - 1) / (n * (1 - icc))
    spread = (on_columns * msc) ** 2 / (k - 1) + (on_rest * mse) ** 2 / ((n - 1) * (k - 1))
    if spread == 0:
        return icc, NO_INTERVAL
    freedom = (on_columns * msc + on_rest * mse) ** 2 / spread
    lower_f = float(stats.f.ppf((1 + LEVEL) / 2, n - 1, freedom))
    upper_f = float(stats.f.ppf((1 + LEVEL) / 2, freedom, n - 1))
    rest = k * msc + (k * n - k - n) * mse
    low = n * (msr - lower_f * mse) / (lower_f * rest + n * msr)
    high = n * (upper_f * msr - mse) / (rest + n * upper_f * msr)
    if not low <= icc <= high:  # the approximation breaks down for coefficients far below 0, and NaN is nowhere
        return icc, NO_INTERVAL
    return icc, ConfidenceInterval(low, high, "McGraw and Wong")
