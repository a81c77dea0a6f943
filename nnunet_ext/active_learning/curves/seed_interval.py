"""The mean over seeds, and how far it can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from nnunet_ext.evaluation.agreement.confidence_interval import LEVEL


@dataclass(frozen=True)
class SeedInterval:
    """A mean with its 95 % interval; None where there is none.

    Parameters
    ----------
    mean, low, high
        In the unit of the values.
    count
        Of values.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int


def seed_interval(values: Sequence[float]) -> SeedInterval:
    """Give the mean and Student's 95 % interval of it, ``mean -+ t(0.975, n - 1) s / sqrt(n)``.

    Seeds are few, three to five: a bootstrap of so few has no 95 % interval, and Student's is wide, as it should be.

    Parameters
    ----------
    values
        One for each seed. None: no mean. One: no interval.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.size < 2:
        return SeedInterval(float(found[0]) if found.size else None, None, None, found.size)
    mean = float(found.mean())
    half = float(stats.t.ppf((1 + LEVEL) / 2, found.size - 1) * found.std(ddof=1) / np.sqrt(found.size))
    return SeedInterval(mean, mean - half, mean + half, found.size)
