"""Whether one of two paired measurements is larger, and by how much."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.evaluation.agreement.confidence_interval import NO_INTERVAL, Bootstrap, bootstrap_interval
from nnunet_ext.evaluation.agreement.signed_rank import signed_rank
from nnunet_ext.evaluation.agreement.values import Values, paired_values, standard_deviation

_NORMALITY_NEEDS: Final = 8  # D'Agostino's test of skewness is not defined below
_DIGITS: Final = 12  # differences are compared to this many: 0.3 - 0.2 and 0.2 - 0.1 are the same difference


@dataclass(frozen=True)
class PairedTest:
    """Two measurements of the same subjects compared; differences are b - a. None where a figure is not defined.

    `nnunet_ext.evaluation.agreement.agreement_dictionary` says what each figure means; `p_adjusted` is left to
    whoever makes several tests.
    """

    mean_a: float | None = None
    sd_a: float | None = None
    mean_b: float | None = None
    sd_b: float | None = None
    mean_difference: float | None = None
    mean_difference_low: float | None = None
    mean_difference_high: float | None = None
    median_difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    interval_method: str = f"{NO_INTERVAL.method} {NO_INTERVAL.method}"
    hodges_lehmann: float | None = None
    n_nonzero: int = 0
    wilcoxon_w: float | None = None
    p: float | None = None
    p_method: str | None = None
    p_adjusted: float | None = None
    normality_k2: float | None = None
    normality_p: float | None = None
    rank_biserial: float | None = None
    cohen_dz: float | None = None
    note: str | None = None


def paired_test(a: npt.ArrayLike, b: npt.ArrayLike, bootstrap: Bootstrap) -> PairedTest:
    """Compare two measurements of the same subjects.

    The Wilcoxon signed-rank test is always the test, see `signed_rank`. Normality is reported beside it and chooses
    nothing, since choosing a test by looking at the data spoils its p.

    Effect sizes: the matched-pairs rank-biserial correlation, the share of rank sums that favours b less the share that
    favours a (Kerby 2014, Comprehensive Psychology 3:1), and Cohen's dz, mean over standard deviation of the
    differences (Cohen 1988, section 2.3.5). The Hodges-Lehmann estimate is the median of all pairwise means of
    differences (1963, Ann. Math. Stat. 34:598).

    Parameters
    ----------
    a, b
        Shape (n,), the same unit, in the same order of subjects.
    bootstrap
        How to resample for the intervals of mean and median difference.

    Returns
    -------
    PairedTest
        No subject: all figures None. One: no interval, no standard deviation. Fewer than 8: no test of normality.

    Raises
    ------
    DataRefusedError
        See `paired_values`.
    """
    first, second = paired_values(a, b)
    differences = _whole_digits(second - first, max(np.abs(first).max(initial=0), np.abs(second).max(initial=0)))
    if not differences.size:
        return PairedTest(note="no subject")
    wilcoxon = signed_rank(differences)
    normality_k2, normality_p, note = _normality(differences)
    mean, median = (bootstrap_interval(statistic, [differences], bootstrap) for statistic in (np.mean, np.median))
    return PairedTest(
        mean_a=float(first.mean()),
        sd_a=standard_deviation(first),
        mean_b=float(second.mean()),
        sd_b=standard_deviation(second),
        mean_difference=float(differences.mean()),
        mean_difference_low=mean.low,
        mean_difference_high=mean.high,
        median_difference=float(np.median(differences)),
        difference_low=median.low,
        difference_high=median.high,
        interval_method=f"{mean.method} {median.method}",
        hodges_lehmann=_hodges_lehmann(differences),
        n_nonzero=int(np.count_nonzero(differences)),
        wilcoxon_w=wilcoxon.w,
        p=wilcoxon.p,
        p_method=wilcoxon.method,
        normality_k2=normality_k2,
        normality_p=normality_p,
        rank_biserial=_rank_biserial(differences),
        cohen_dz=_cohen_dz(differences),
        note=note,
    )


def _whole_digits(differences: Values, largest: float) -> Values:
    """Drop the digits that only rounding has made, so that equal differences tie and no difference is zero."""
    if largest == 0:
        return differences
    step = 10.0 ** (np.floor(np.log10(largest)) - _DIGITS)
    if step == 0:
        return differences
    rounded: Values = np.rint(differences / step) * step
    return rounded


def _normality(differences: Values) -> tuple[float | None, float | None, str | None]:
    """D'Agostino and Pearson's omnibus K2 (1973, Biometrika 60:613)."""
    if np.ptp(differences) == 0:
        return None, None, "all differences are the same: normality not tested"
    if differences.size < _NORMALITY_NEEDS:
        return None, None, f"{differences.size} subjects: normality needs {_NORMALITY_NEEDS}"
    done = stats.normaltest(differences)
    return float(done.statistic), float(done.pvalue), None


def _rank_biserial(differences: Values) -> float:
    kept = differences[differences != 0]
    if not kept.size:
        return 0.0
    ranks = stats.rankdata(np.abs(kept))
    return float((ranks * np.sign(kept)).sum() / ranks.sum())


def _cohen_dz(differences: Values) -> float | None:
    if not differences.any():
        return 0.0
    spread = standard_deviation(differences)
    return None if not spread else float(differences.mean() / spread)


def _hodges_lehmann(differences: Values) -> float:
    first, second = np.triu_indices(differences.size)
    return float(np.median((differences[first] + differences[second]) / 2))
