"""Two strategies on the same seeds."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from nnunet_ext.active_learning.curves.runs import BySeed
from nnunet_ext.active_learning.curves.seed_interval import SeedInterval, seed_interval

_DIGITS: Final = 1e-12  # of the values: smaller spreads are rounding


@dataclass(frozen=True)
class PairedDifference:
    """The difference a - b over the seeds that have both.

    Parameters
    ----------
    interval
        Its mean and 95 % interval.
    p
        Of the paired t test, two-sided; None where it cannot be done.
    """

    interval: SeedInterval
    p: float | None


def paired_difference(a: BySeed, b: BySeed) -> PairedDifference:
    """Compare two strategies by Student's paired t test.

    Parameters
    ----------
    a, b
        Seed to value. Seeds that one lacks do not count.

    Returns
    -------
    PairedDifference
        With fewer than two common seeds, or the same difference in all, there is no test: t would be infinite, and of
        two models that are one model not even defined.
    """
    seeds = sorted(a.keys() & b.keys())
    first, second = (np.array([values[seed] for seed in seeds], dtype=np.float64) for values in (a, b))
    differences = first - second
    size = max(np.abs(first).max(initial=0), np.abs(second).max(initial=0))
    if differences.size < 2 or np.ptp(differences) <= _DIGITS * size:
        return PairedDifference(seed_interval(differences.tolist()), None)
    return PairedDifference(seed_interval(differences.tolist()), float(stats.ttest_rel(first, second).pvalue))
