"""Whether one classifier separates the same patients better than another."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.classification.judge.arrays import checked_scores
from nnunet_ext.classification.judge.delong import delong
from nnunet_ext.classification.judge.estimate import Z

_LEAST_VARIANCE: Final = 1e-14  # below, it is rounding


@dataclass(frozen=True)
class AucDifference:
    """Two areas under ROC curves compared; None where a figure is not defined.

    Parameters
    ----------
    a, b
        The areas.
    difference
        b - a.
    low, high
        Its 95 % interval: 0 lies outside where `p` is below 0.05, and nowhere else.
    z, p
        Of the test of no difference, two-sided.
    """

    a: float | None = None
    b: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    z: float | None = None
    p: float | None = None

    @classmethod
    def of(cls, a: float, b: float, variance: float | None) -> "AucDifference":
        """Compare two areas whose difference has this variance, None where it is not known.

        The difference is taken as normal. Where it does not vary, as of a classifier with itself, p is 1 if there is
        none; if there is one, all pairs are decided alike in each and the test is not defined.
        """
        difference = b - a
        if variance is None or (variance <= _LEAST_VARIANCE and difference):
            return cls(a, b, difference)
        if variance <= _LEAST_VARIANCE:
            return cls(a, b, 0.0, 0.0, 0.0, 0.0, 1.0)
        error = float(np.sqrt(variance))
        half, z = Z * error, difference / error
        return cls(a, b, difference, difference - half, difference + half, z, 2 * float(stats.norm.sf(abs(z))))


def auc_difference(positive: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> AucDifference:
    """Compare the areas of two classifiers on the same patients.

    DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44:837), of variance ``S_aa + S_bb - 2 S_ab``; see
    `delong`.

    Parameters
    ----------
    positive
        Shape (n,): who has the diagnosis.
    a, b
        Shape (n,): the scores of both, growing with the diagnosis.

    Returns
    -------
    AucDifference
        Of patients of one class alone, nothing. With one patient in a class, no test.

    Raises
    ------
    DataRefusedError
        See `checked_scores`.
    """
    members, first = checked_scores(positive, a)
    _, second = checked_scores(positive, b)
    areas = delong(members, np.stack([first, second]))
    if areas is None:
        return AucDifference()
    spread = areas.covariance
    variance = None if spread is None else float(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1])
    return AucDifference.of(float(areas.values[0]), float(areas.values[1]), variance)
