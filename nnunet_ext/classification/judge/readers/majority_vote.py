"""What most readers say."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Classes
from nnunet_ext.classification.judge.readers.readings import UNREAD, checked_readings, votes


def majority_vote(readings: npt.ArrayLike, classes: int) -> Classes:
    """Give the class that most readers gave to each patient, shape (n,).

    Parameters
    ----------
    readings
        Shape (n, readers), class numbers or `UNREAD`.
    classes
        How many there are.

    Returns
    -------
    array
        `UNREAD` where two classes have as many votes, or nobody read the patient: no coin is thrown.

    Raises
    ------
    DataRefusedError
        See `checked_readings`.
    """
    counts = votes(checked_readings(readings, classes), classes)
    most = counts.max(axis=1, keepdims=True)
    alone = (counts == most).sum(axis=1) == 1
    chosen: Classes = np.where(alone, counts.argmax(axis=1), UNREAD)
    return chosen
