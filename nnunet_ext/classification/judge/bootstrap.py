"""Intervals of any figure, by drawing patients."""

from collections.abc import Callable

import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Classes, Values, checked_probabilities
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.percentile import percentile
from nnunet_ext.classification.judge.resample import Resampling, resample

Statistic = Callable[[Classes, Values], float | None]
"""Takes truth and probabilities; None where it is not defined."""


def bootstrap(
    statistic: Statistic, truth: npt.ArrayLike, probabilities: npt.ArrayLike, resampling: Resampling
) -> Estimate:
    """Give a figure with its 95 % interval over patients; see `percentile`.

    Of a figure that is at its end in all patients, such as an accuracy of 1, the interval has no width: take Wilson's.

    Parameters
    ----------
    statistic
        The figure.
    truth
        Shape (n,), class numbers.
    probabilities
        Shape (n, classes).
    resampling
        How often to draw, from which seed, class by class or not.

    Raises
    ------
    DataRefusedError
        See `checked_probabilities`.
    """
    true, given = checked_probabilities(truth, probabilities)
    drawn = [statistic(true[chosen], given[chosen]) for chosen in resample(true, resampling)] if true.size > 1 else []
    return percentile(statistic(true, given), drawn, true.size)
