"""Percentile intervals of what resamples gave."""

from collections.abc import Sequence

import numpy as np

from nnunet_ext.classification.judge.estimate import LEVEL, Estimate


def percentile(value: float | None, drawn: Sequence[float | None], count: int) -> Estimate:
    """Give a figure with the percentile interval of its resamples (Efron and Tibshirani 1993, chapter 13).

    Parameters
    ----------
    value
        The figure of all patients; None or NaN where it is not defined.
    drawn
        That of each resample. Those in which it is None or NaN are left out, and `method` says how many they were.
    count
        Patients.

    Returns
    -------
    Estimate
        Fewer than two patients, or half of the resamples without a figure: no interval.
    """
    point = _number(value)
    defined = [found for each in drawn if (found := _number(each)) is not None]
    lost = len(drawn) - len(defined)
    if point is None or count < 2 or len(defined) <= lost:
        return Estimate.without_interval(point, count)
    low, high = (float(end) for end in np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    method = f"percentile, undefined in {lost} of {len(drawn)}" if lost else "percentile"
    return Estimate(point, low, high, count, method)


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
