"""How good each reader is."""

import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_classes
from nnunet_ext.classification.judge.many_class import ManyClass, many_class
from nnunet_ext.classification.judge.readers.readings import UNREAD, checked_readings
from nnunet_ext.core.errors import DataRefusedError


def each_reader(truth: npt.ArrayLike, readings: npt.ArrayLike, classes: int) -> tuple[ManyClass, ...]:
    """Judge each reader on the patients whom that reader read; see `many_class`.

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    readings
        Shape (n, readers), class numbers or `UNREAD`; `majority_vote` in a column of its own is a reader too.
    classes
        How many there are.

    Raises
    ------
    DataRefusedError
        See `checked_readings`.
    """
    true, given = checked_classes(truth, classes), checked_readings(readings, classes)
    if len(true) != len(given):
        raise DataRefusedError(f"the same patients were needed in both, found {len(true)} and {len(given)}")
    return tuple(many_class(true[reader != UNREAD], reader[reader != UNREAD], classes) for reader in given.T)
