"""How far two agree beyond chance."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Classes
from nnunet_ext.classification.judge.confusion import confusion
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.percentile import percentile
from nnunet_ext.classification.judge.readers.readings import UNREAD, checked_readings
from nnunet_ext.classification.judge.resample import Resampling, resample


def cohen(readings: npt.ArrayLike, classes: int, resampling: Resampling) -> Estimate:
    """Give Cohen's kappa of two readers, or of a reader and a model, on the patients whom both read.

    Cohen 1960 (Educ. Psychol. Meas. 20:37): with p the share on whom they agree and e that expected of their own shares
    of each class, ``kappa = (p - e) / (1 - e)``. The interval is the percentile one over patients.

    Parameters
    ----------
    readings
        Shape (n, 2), class numbers or `UNREAD`.
    classes
        How many there are.
    resampling
        How to draw patients; `stratified` keeps the classes of the first reader.

    Returns
    -------
    Estimate
        None of no patient, or where both gave all patients one class: chance then expects all to agree.

    Raises
    ------
    DataRefusedError
        See `checked_readings`.
    """
    given = checked_readings(readings, classes)
    both = given[(given != UNREAD).all(axis=1)]
    drawn = [_kappa(both[chosen], classes) for chosen in resample(both[:, 0], resampling)]
    return percentile(_kappa(both, classes), drawn, len(both))


def _kappa(readings: Classes, classes: int) -> float | None:
    if not len(readings):
        return None
    shares = confusion(readings[:, 0], readings[:, 1], classes) / len(readings)
    expected = float(shares.sum(axis=0) @ shares.sum(axis=1))
    return None if np.isclose(expected, 1) else (float(np.trace(shares)) - expected) / (1 - expected)
