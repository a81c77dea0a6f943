"""Bootstrap intervals that survive few and equal values."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats

from nnunet_ext.evaluation.agreement.values import Values

LEVEL: Final = 0.95
"""Of every interval."""

_DIGITS: Final = 12
_LARGEST_EXPONENT: Final = 300
_AT_ONCE: Final = 4_000_000  # numbers that a batch of resamples holds


@dataclass(frozen=True)
class ConfidenceInterval:
    """A 95 % interval; None where there is none, and `method` then says why.

    Parameters
    ----------
    low, high
        In the unit of the statistic.
    method
        `BCa`, `percentile`, `constant` (all values are the same), or `n/a`.
    """

    low: float | None
    high: float | None
    method: str


NO_INTERVAL: Final = ConfidenceInterval(None, None, "n/a")
"""Where there is none."""


def fisher_interval(coefficient: float, variance: float, method: str) -> ConfidenceInterval:
    """Give the 95 % interval of a correlation between -1 and 1, ends excluded, from the variance of its Fisher's z."""
    half = float(stats.norm.ppf((1 + LEVEL) / 2)) * np.sqrt(variance)
    low, high = (float(np.tanh(np.arctanh(coefficient) + end)) for end in (-half, half))
    return ConfidenceInterval(low, high, method)


@dataclass(frozen=True)
class Bootstrap:
    """How often to resample, and from which seed: the same one gives the same interval."""

    resamples: int = 10_000
    seed: int = 0


def bootstrap_interval(
    statistic: Callable[..., Any], samples: Sequence[Values], bootstrap: Bootstrap
) -> ConfidenceInterval:
    """Give the 95 % bootstrap interval of a statistic, resampling subjects.

    Bias-corrected and accelerated (BCa; Efron 1987, JASA 82:171), in scipy; the percentile interval where the former is
    undefined, which `method` says. Resamples in which the statistic itself is undefined are left out of the latter. Of
    resamples whose statistic is that of the sample, half count as below it, whatever the order in which it was summed.

    Parameters
    ----------
    statistic
        Takes the samples and `axis`, like `numpy.mean`, and grows with their unit.
    samples
        One array of shape (n,), or several that are resampled together: entry i of each is subject i.
    bootstrap
        How many resamples, from which seed.

    Returns
    -------
    ConfidenceInterval
        Fewer than two subjects: none. All values equal: that value twice.
    """
    count = len(samples[0])
    if count < 2:
        return NO_INTERVAL
    scale = _to_whole_numbers(samples)
    samples = [np.rint(sample * scale) if scale else sample for sample in samples]
    unit = scale or 1.0
    point = float(statistic(*samples, axis=-1)) / unit
    if all(np.ptp(sample) == 0 for sample in samples):
        return ConfidenceInterval(point, point, "constant") if np.isfinite(point) else NO_INTERVAL
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy and numpy warn of degenerate resamples; `method` says it instead
        done = stats.bootstrap(
            tuple(samples),
            statistic,
            n_resamples=bootstrap.resamples,
            batch=max(1, _AT_ONCE // count),
            vectorized=True,
            paired=len(samples) > 1,
            confidence_level=LEVEL,
            method="BCa",
            random_state=np.random.default_rng(bootstrap.seed),
        )
        low, high = (float(end) / unit for end in done.confidence_interval)
        if np.isfinite(low) and np.isfinite(high):
            return ConfidenceInterval(low, high, "BCa")
        drawn = np.asarray(done.bootstrap_distribution) / unit
        drawn = drawn[np.isfinite(drawn)]
    if not drawn.size:
        return NO_INTERVAL
    low, high = (float(end) for end in np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    return ConfidenceInterval(low, high, "percentile")


def _to_whole_numbers(samples: Sequence[Values]) -> float:
    """Give what makes whole numbers of 12 digits of the largest value; 0 where that would leave the range of floats.

    Sums of whole numbers lose no digit, so that a mean of the same values in another order is the same mean.
    """
    largest = max(float(np.abs(sample).max()) for sample in samples)
    digits = _DIGITS - math.floor(math.log10(largest)) if largest > 0 else 0
    return 10.0**digits if abs(digits) < _LARGEST_EXPONENT else 0.0
