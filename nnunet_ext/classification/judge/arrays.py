"""Truth, decisions and probabilities, checked once."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import DataRefusedError

Classes = npt.NDArray[np.int64]
"""Class numbers of shape (n,)."""

Values = npt.NDArray[np.float64]
"""Scores of shape (n,), or probabilities of shape (n, classes)."""

Mask = npt.NDArray[np.bool_]

_SUM: Final = 1e-2  # probabilities read from a table are rounded


def checked_classes(values: npt.ArrayLike, classes: int, least: int = 0) -> Classes:
    """Take class numbers.

    Parameters
    ----------
    values
        Shape (n,), whole numbers of `least` to `classes` - 1. No patient at all is fine.
    classes
        How many there are.
    least
        -1 where a patient may have none.

    Raises
    ------
    DataRefusedError
        Where they are something else.
    """
    found = np.asarray(values)
    if found.ndim != 1:
        raise DataRefusedError(f"one class number for each patient was needed, found an array of shape {found.shape}")
    if found.dtype.kind not in "biuf":
        raise DataRefusedError(f"class numbers were needed, found values such as {_few(found)}")
    with np.errstate(invalid="ignore"):
        numbers = found.astype(np.int64)
    if found.size and (np.any(numbers != found) or numbers.min() < least or numbers.max() >= classes):
        raise DataRefusedError(
            f"class numbers of {least} to {classes - 1} were needed, found {_few(found)}; leave others out, and say so"
        )
    return numbers


def checked_pair(truth: npt.ArrayLike, decided: npt.ArrayLike, classes: int) -> tuple[Classes, Classes]:
    """Take true and decided class numbers of the same patients, see `checked_classes`."""
    first, second = checked_classes(truth, classes), checked_classes(decided, classes)
    _same_patients(len(first), len(second))
    return first, second


def checked_probabilities(truth: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[Classes, Values]:
    """Take the truth, and a probability of each class, of the same patients.

    Parameters
    ----------
    truth
        Shape (n,), see `checked_classes`.
    probabilities
        Shape (n, classes), two classes or more. No patient at all is shape (0, classes).

    Returns
    -------
    tuple of arrays
        As given: dividing by a sum that is 1 but for rounding would part what is alike.

    Raises
    ------
    DataRefusedError
        Where one is not finite or outside 0 to 1, or a row's sum is not 1 to two digits.
    """
    given = np.asarray(probabilities, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] < 2:
        raise DataRefusedError(f"probabilities of shape (patients, classes) were needed, found {given.shape}")
    if not np.all((given >= 0) & (given <= 1)):
        raise DataRefusedError("probabilities of 0 to 1 were needed, found others or NaN; leave such patients out")
    sums = given.sum(axis=1)
    if np.any(np.abs(sums - 1) > _SUM):
        raise DataRefusedError(f"probabilities that sum to 1 were needed, found {_few(sums)}")
    numbers = checked_classes(truth, given.shape[1])
    _same_patients(len(numbers), len(given))
    return numbers, given


def checked_scores(positive: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[Mask, Values]:
    """Take whether each patient has the diagnosis, and scores that grow with it.

    Parameters
    ----------
    positive
        Shape (n,), of truth values or 0 and 1.
    scores
        Shape (n,), or (k, n) of k classifiers; finite.

    Raises
    ------
    DataRefusedError
        Where they are something else.
    """
    members = checked_classes(positive, 2).astype(bool)
    given = np.asarray(scores, dtype=np.float64)
    if given.ndim not in (1, 2):
        raise DataRefusedError(f"scores of shape (patients,) were needed, found {given.shape}")
    _same_patients(len(members), given.shape[-1])
    if not np.all(np.isfinite(given)):
        raise DataRefusedError("finite scores were needed, found NaN or infinity; leave such patients out, and say so")
    return members, given


def _same_patients(first: int, second: int) -> None:
    if first != second:
        raise DataRefusedError(f"the same patients were needed in both, found {first} and {second}")


def _few(values: npt.NDArray[Any]) -> str:
    return ", ".join(str(value) for value in np.unique(values)[:5])
