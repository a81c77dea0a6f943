"""How far several readers agree beyond chance."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Classes
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.percentile import percentile
from nnunet_ext.classification.judge.readers.readings import UNREAD, checked_readings, votes
from nnunet_ext.classification.judge.resample import Resampling, resample


def fleiss(readings: npt.ArrayLike, classes: int, resampling: Resampling) -> Estimate:
    """Give Fleiss' kappa of all readers on the patients whom all of them read.

    Fleiss 1971 (Psychol. Bull. 76:378): of r readers, with v votes for a class, P is the mean over patients of
    ``sum v (v - 1) / (r (r - 1))`` and e the sum of the squared shares of the classes in all votes;
    ``kappa = (P - e) / (1 - e)``. The interval is the percentile one over patients.

    Parameters
    ----------
    readings
        Shape (n, readers), class numbers or `UNREAD`.
    classes
        How many there are.
    resampling
        How to draw patients; `stratified` keeps the classes of the first reader.

    Returns
    -------
    Estimate
        None of fewer than two readers, of no patient, or where all votes are for one class.

    Raises
    ------
    DataRefusedError
        See `checked_readings`.
    """
    given = checked_readings(readings, classes)
    if given.shape[1] < 2:
        return Estimate.without_interval(None, len(given))
    read = given[(given != UNREAD).all(axis=1)]
    counts = votes(read, classes)
    drawn = [_kappa(counts[chosen]) for chosen in resample(read[:, 0], resampling)]
    return percentile(_kappa(counts), drawn, len(read))


def _kappa(counts: Classes) -> float | None:
    if not len(counts):
        return None
    readers = counts[0].sum()
    agreed = float((counts * (counts - 1)).sum(axis=1).mean() / (readers * (readers - 1)))
    expected = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return None if np.isclose(expected, 1) else (agreed - expected) / (1 - expected)
