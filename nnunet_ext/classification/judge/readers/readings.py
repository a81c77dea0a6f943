"""Several readers' diagnoses of the same patients, checked once."""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Classes, checked_classes
from nnunet_ext.core.errors import DataRefusedError

UNREAD: Final = -1
"""Stands for a patient whom a reader did not read."""


def checked_readings(readings: npt.ArrayLike, classes: int) -> Classes:
    """Take the class that each reader gave to each patient.

    Parameters
    ----------
    readings
        Shape (n, readers), class numbers or `UNREAD`.
    classes
        How many there are.

    Raises
    ------
    DataRefusedError
        Where they are something else.
    """
    given = np.asarray(readings)
    if given.ndim != 2:
        raise DataRefusedError(f"readings of shape (patients, readers) were needed, found {given.shape}")
    return checked_classes(given.ravel(), classes, UNREAD).reshape(given.shape)


def votes(readings: Classes, classes: int) -> Classes:
    """Count the readers who gave each class to each patient, shape (n, classes)."""
    counts: Classes = (readings[:, :, np.newaxis] == np.arange(classes)).sum(axis=1)
    return counts
