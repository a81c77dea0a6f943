"""Paired numbers, checked once."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import DataRefusedError

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
