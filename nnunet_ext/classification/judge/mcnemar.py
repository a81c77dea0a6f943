"""Whether one of two is right more often, on the same patients."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.classification.judge.arrays import checked_pair
from nnunet_ext.classification.judge.estimate import Z


@dataclass(frozen=True)
class McNemar:
    """Two classifiers, or readers, compared on the same patients; None where there is no patient.

    Parameters
    ----------
    only_a, only_b
        Patients in whom only the one is right.
    difference
        Accuracy of b less that of a.
    low, high
        Its 95 % interval.
    p_exact
        Of the exact test, two-sided: never too small, often too large.
    p_mid
        Of the mid-p test, two-sided.
    """

    only_a: int
    only_b: int
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_exact: float | None = None
    p_mid: float | None = None


def mcnemar(right_a: npt.ArrayLike, right_b: npt.ArrayLike) -> McNemar:
    """Compare two accuracies on the same patients.

    McNemar's test given the patients in whom the two differ: with s the smaller and t the sum of both counts, and X
    binomial of t and 1/2, ``p_exact = min(1, 2 P(X <= s))`` and ``p_mid = p_exact - P(X = s)``. Where the counts are
    equal, ``p_mid = 1 - P(X = s) / 2``, and where the two never differ, both are 1 (Fagerland, Lydersen and Laake 2013,
    BMC Med. Res. Methodol. 13:91, which recommends the mid-p). The interval is Bonett and Price's (2012, J. Educ.
    Behav. Stat. 37:479): with ``q_b = (only_b + 1) / (n + 2)``, q_a alike and ``d = q_b - q_a``, it is
    ``d -+ z sqrt((q_a + q_b - d^2) / (n + 2))``.

    Parameters
    ----------
    right_a, right_b
        Shape (n,), truth values, in the same order of patients.

    Raises
    ------
    DataRefusedError
        See `checked_pair`.
    """
    a, b = checked_pair(right_a, right_b, 2)
    only_a, only_b, n = int((a > b).sum()), int((b > a).sum()), a.size
    if not n:
        return McNemar(0, 0)
    exact, mid = _two_sided(min(only_a, only_b), only_a + only_b)
    q_a, q_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    half = Z * float(np.sqrt((q_a + q_b - (q_b - q_a) ** 2) / (n + 2)))
    return McNemar(
        only_a,
        only_b,
        (only_b - only_a) / n,
        max(-1.0, q_b - q_a - half),
        min(1.0, q_b - q_a + half),
        exact,
        mid,
    )


def _two_sided(smaller: int, total: int) -> tuple[float, float]:
    if not total:
        return 1.0, 1.0
    here = float(stats.binom.pmf(smaller, total, 0.5))
    exact = min(1.0, 2 * float(stats.binom.cdf(smaller, total, 0.5)))
    return exact, 1 - here / 2 if 2 * smaller == total else exact - here
