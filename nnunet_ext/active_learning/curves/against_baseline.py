"""Each strategy beside the one that all have to beat."""

from dataclasses import dataclass
from enum import StrEnum

from nnunet_ext.active_learning.curves.paired_difference import PairedDifference, paired_difference
from nnunet_ext.active_learning.curves.penalty_matrix import ALPHA
from nnunet_ext.active_learning.curves.runs import Runs
from nnunet_ext.active_learning.curves.seed_interval import SeedInterval, seed_interval
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.evaluation.agreement.adjust import Correction, adjust


class Significance(StrEnum):
    """What a test says."""

    BETTER = "better"
    WORSE = "worse"
    NOT_SIGNIFICANT = "not significant"
    NOT_TESTED = "not tested"


@dataclass(frozen=True)
class Comparison:
    """A strategy's area under the budget curve beside that of the baseline.

    Parameters
    ----------
    strategy
        Which.
    area
        Over seeds.
    difference
        Of its area to the baseline's, seed by seed.
    p_holm
        The test's p, corrected by Holm for the number of strategies; None where it cannot be tested.
    significance
        What the test says of its area beside that of the baseline.
    """

    strategy: str
    area: SeedInterval
    difference: PairedDifference
    p_holm: float | None
    significance: Significance


def against_baseline(runs: Runs, baseline: str, *, higher_is_better: bool = True) -> tuple[Comparison, ...]:
    """Compare the areas of all other strategies with that of the baseline by paired t tests, corrected by Holm.

    Parameters
    ----------
    runs
        Of one metric.
    baseline
        Name of the strategy to beat.
    higher_is_better
        Which way the metric counts.

    Returns
    -------
    tuple of Comparison
        Of every strategy but the baseline, the best mean area first, without an area last.

    Raises
    ------
    DataRefusedError
        Where the baseline was not simulated.
    """
    if baseline not in runs.strategies:
        raise DataRefusedError(
            f"curves: values of {baseline} were needed to compare with, found {first_few(runs.strategies)}; "
            f"simulate with --strategy {baseline} too"
        )
    beaten = runs.areas(baseline)
    others = [name for name in runs.strategies if name != baseline]
    differences = [paired_difference(runs.areas(name), beaten) for name in others]
    corrected = adjust([difference.p for difference in differences], Correction.HOLM)
    sign = 1 if higher_is_better else -1
    found = []
    for name, difference, p in zip(others, differences, corrected, strict=True):
        area = seed_interval(list(runs.areas(name).values()))
        significance = _significance(p, sign * (difference.interval.mean or 0.0))
        found.append(Comparison(name, area, difference, p, significance))
    return tuple(sorted(found, key=lambda one: (one.area.mean is None, -sign * (one.area.mean or 0.0), one.strategy)))


def _significance(p: float | None, gain: float) -> Significance:
    if p is None:
        return Significance.NOT_TESTED
    if p >= ALPHA:
        return Significance.NOT_SIGNIFICANT
    return Significance.BETTER if gain > 0 else Significance.WORSE
