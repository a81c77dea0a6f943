"""Patients on whom readers disagree."""

import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Mask
from nnunet_ext.classification.judge.readers.readings import checked_readings, votes


def difficult(readings: npt.ArrayLike, classes: int) -> Mask:
    """Tell who is a difficult case: two readers gave different diagnoses (Zhuo et al. 2022).

    Parameters
    ----------
    readings
        Shape (n, readers), class numbers or `UNREAD`; with fewer than two readings a patient is not difficult.
    classes
        How many there are.

    Returns
    -------
    array
        Shape (n,), truth values.

    Raises
    ------
    DataRefusedError
        See `checked_readings`.
    """
    several: Mask = (votes(checked_readings(readings, classes), classes) > 0).sum(axis=1) > 1
    return several
