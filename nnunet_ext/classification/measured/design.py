"""Measures of patients as an array."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few

Row = Mapping[str, float | None]
"""A patient's measures; None, NaN or absent where missing."""

Values = npt.NDArray[np.float64]

LEFT_OUT: Final = ("top_fraction", "centre_fraction", "bottom_fraction")
"""Places along the cord that is seen: they say where the image was taken, which scanners and sites differ in. The
vertebral level says the same of the patient."""

SKEWED: Final = (
    "n_lesions",
    "total_volume_mm3",
    "largest_volume_mm3",
    "total_length_mm",
    "longest_mm",
    "longest_vertebrae",
)
"""Sizes and counts, a few of which are many times the median: linear models take ``ln(1 + value)`` of them."""


def design(rows: Sequence[Row], columns: Sequence[str]) -> Values:
    """Lay out measures as an array of shape (patients, columns), NaN where one is missing.

    Raises
    ------
    DataRefusedError
        Where a value is infinite.
    """
    found = np.array([[np.nan if (value := row.get(name)) is None else value for name in columns] for row in rows])
    values = found.astype(np.float64).reshape(len(rows), len(columns))
    if np.isinf(values).any():
        name = columns[int(np.flatnonzero(np.isinf(values).any(axis=0))[0])]
        raise DataRefusedError(f"{name}: a finite number was needed, or none, found infinity; mend the measures")
    return values


def usable_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Give the measures that may be fed to a classifier, in their order: all but `LEFT_OUT`."""
    return tuple(name for name in names if name not in LEFT_OUT)


def told_columns(rows: Sequence[Row], columns: Sequence[str]) -> tuple[str, ...]:
    """Give the columns with two different values at least: no other, nor one that is always missing, parts patients.

    Raises
    ------
    DataRefusedError
        Where no column has.
    """
    values = design(rows, columns)
    known = ~np.isnan(values)
    low = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    told = tuple(name for name, parts in zip(columns, high > low, strict=True) if parts)
    if not told:
        raise DataRefusedError(
            f"a measure that differs between {len(rows)} training patients was needed, found none in "
            f"{first_few(columns) or 'no column'}; look at the masks that the measures were taken from"
        )
    return told
