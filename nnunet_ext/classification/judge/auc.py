"""The area under a ROC curve."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize

from nnunet_ext.classification.judge.arrays import checked_scores
from nnunet_ext.classification.judge.delong import delong
from nnunet_ext.classification.judge.estimate import Estimate, Z

_LEAST_VARIANCE: Final = 1e-14  # below, it is rounding


def auc(positive: npt.ArrayLike, scores: npt.ArrayLike) -> Estimate:
    """Give the area under a ROC curve, ties by half.

    The interval is DeLong's, ``area -+ z sqrt(variance)``, cut at 0 and 1; see `delong`. Where it would have no width
    (the classes are apart, so that the area is 1 or 0) or is not defined (one patient in a class), it is Newcombe's,
    method 5 of 2006 (Stat. Med. 25:559): the areas A for which ``|area - A| = z sqrt(V(A))`` with, of m and n patients
    and N = (m + n) / 2, ``V(A) = A (1 - A) (1 + (N - 1) ((1 - A) / (2 - A) + A / (1 + A))) / (m n)``.

    Parameters
    ----------
    positive
        Shape (n,): who has the diagnosis.
    scores
        Shape (n,), growing with the diagnosis.

    Returns
    -------
    Estimate
        None where all patients have the diagnosis, or none has.

    Raises
    ------
    DataRefusedError
        See `checked_scores`.
    """
    members, values = checked_scores(positive, scores)
    areas = delong(members, values[np.newaxis])
    if areas is None:
        return Estimate.without_interval(None, members.size)
    area = float(areas.values[0])
    if areas.covariance is not None and (variance := float(areas.covariance[0, 0])) > _LEAST_VARIANCE:
        half = Z * float(np.sqrt(variance))
        return Estimate(area, max(0.0, area - half), min(1.0, area + half), members.size, "DeLong")
    m = int(members.sum())
    low, high = _newcombe(area, m, members.size - m)
    return Estimate(area, low, high, members.size, "Newcombe")


def _newcombe(area: float, m: int, n: int) -> tuple[float, float]:
    more = (m + n) / 2 - 1

    def distance(end: float) -> float:
        spread = 1 + more * ((1 - end) / (2 - end) + end / (1 + end))
        return (area - end) ** 2 - Z**2 * end * (1 - end) * spread / (m * n)

    low = 0.0 if area <= 0 else float(optimize.brentq(distance, 0.0, area - 1e-12))
    high = 1.0 if area >= 1 else float(optimize.brentq(distance, area + 1e-12, 1.0))
    return low, high
