"""Intervals of the difference of two classifiers, by drawing patients."""

import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Classes, Values, checked_probabilities
from nnunet_ext.classification.judge.bootstrap import Statistic
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.percentile import percentile
from nnunet_ext.classification.judge.resample import Resampling, resample


def bootstrap_difference(
    statistic: Statistic, truth: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike, resampling: Resampling
) -> Estimate:
    """Give how much larger a figure is of b than of a, with its 95 % interval over patients; see `percentile`.

    Each draw takes the same patients of both, so that what is hard for both does not widen the interval.

    Parameters
    ----------
    statistic
        The figure.
    truth
        Shape (n,), class numbers.
    a, b
        Shape (n, classes): the probabilities of two classifiers.
    resampling
        How often to draw, from which seed, class by class or not.

    Raises
    ------
    DataRefusedError
        See `checked_probabilities`.
    """
    true, first = checked_probabilities(truth, a)
    _, second = checked_probabilities(truth, b)

    def difference(labels: Classes, one: Values, other: Values) -> float | None:
        of_one, of_other = statistic(labels, one), statistic(labels, other)
        return None if of_one is None or of_other is None else of_other - of_one

    draws = resample(true, resampling) if true.size > 1 else ()
    drawn = [difference(true[chosen], first[chosen], second[chosen]) for chosen in draws]
    return percentile(difference(true, first, second), drawn, true.size)
