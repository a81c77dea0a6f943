"""Paired numbers, checked once."""

import math

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import number

Values = npt.NDArray[np.float64]


def paired_values(a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Values, Values]:
    """Take two measurements of each subject, in the same order.

    Parameters
    ----------
    a, b
        Shape (n,), any unit, none missing. No subject at all is fine.

    Returns
    -------
    tuple of arrays
        As float64.

    Raises
    ------
    DataRefusedError
        Where the lengths differ, or a value is not finite.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise DataRefusedError(
            f"two values of each subject were needed, found arrays of shape {first.shape} and {second.shape}"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise DataRefusedError("finite values were needed, found NaN or infinity; leave such subjects out, and say so")
    return first, second


def standard_deviation(values: Values) -> float | None:
    """Give the standard deviation (n - 1) of values of shape (n,); None of fewer than two."""
    return float(values.std(ddof=1)) if values.size > 1 else None


def finite_value(text: str) -> float | None:
    """Read a cell; None where it is missing or not finite. A word raises ValueError."""
    value = number(text)
    return value if value is not None and math.isfinite(value) else None
