"""Who was taken for what."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Classes, checked_pair


def confusion(truth: npt.ArrayLike, decided: npt.ArrayLike, classes: int) -> Classes:
    """Count the patients of each true and each decided class.

    Parameters
    ----------
    truth, decided
        Shape (n,), class numbers.
    classes
        How many there are, whether a patient has them or not.

    Returns
    -------
    array
        Shape (classes, classes): a row is a true class, a column a decided one.

    Raises
    ------
    DataRefusedError
        See `checked_pair`.
    """
    true, found = checked_pair(truth, decided, classes)
    counts: Classes = np.bincount(true * classes + found, minlength=classes**2).reshape(classes, classes)
    return counts.astype(np.int64)
