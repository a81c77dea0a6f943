"""How many lesions there are, and how large: from the rows of `biomarkers.tsv`, or from the masks themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.classification.measures.cord_body import CordBody
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import NOTHING, Row, number

Values = dict[str, float | None]
"""Name of a measure to its value; None where it is missing."""

_NOT_IN_CORD: Final = frozenset({"outside_cord", "no_lesion"})


@dataclass(frozen=True)
class LesionSize:
    """Size of one lesion within the cord; its length along the cord is None where there is no cord."""

    volume_mm3: float
    length_mm: float | None


def sizes_of_rows(rows: Iterable[Row]) -> tuple[LesionSize, ...]:
    """Take the sizes from a case's rows of `biomarkers.tsv`; none of no rows: an empty mask has none.

    Rows without a lesion (`no_lesion`) and of lesions wholly outside the cord (`outside_cord`) are passed over.

    Raises
    ------
    DataRefusedError
        Where a volume is missing, or a cell is a word.
    """
    return tuple(
        LesionSize(_needed(row, "volume_mm3"), _number(row, "length_mm"))
        for row in rows
        if row.get("status", "") not in _NOT_IN_CORD
    )


def sizes_of_body(body: CordBody) -> tuple[LesionSize, ...]:
    """Measure the lesions within a cord: volume of voxels, and length of the cord's course over the lesion's slices."""
    return tuple(
        LesionSize(body.volume_mm3(lesion), float(body.along_mm[body.slices_of(lesion)].sum()))
        for lesion in body.numbers
    )


def size_measures(sizes: Sequence[LesionSize]) -> Values:
    """Sum the sizes up; all are 0 without a lesion, and lengths are missing where there is no cord."""
    volumes = [size.volume_mm3 for size in sizes]
    lengths = [size.length_mm for size in sizes if size.length_mm is not None]
    known = len(lengths) == len(sizes)
    return {
        "n_lesions": float(len(sizes)),
        "total_volume_mm3": sum(volumes, 0.0),
        "largest_volume_mm3": max(volumes, default=0.0),
        "total_length_mm": sum(lengths, 0.0) if known else None,
        "longest_mm": max(lengths, default=0.0) if known else None,
    }


def _needed(row: Row, column: str) -> float:
    value = _number(row, column)
    if value is None:
        raise DataRefusedError(f"{_whose(row)}: {column} was needed, found none; run nnunet_ext biomarkers again")
    return value


def _number(row: Row, column: str) -> float | None:
    try:
        return number(row.get(column, NOTHING))
    except ValueError as error:
        raise DataRefusedError(f"{_whose(row)}, {column}: {error}; run nnunet_ext biomarkers again") from error


def _whose(row: Row) -> str:
    return f"biomarkers of {row.get('case', 'a case')}, lesion {row.get('lesion', '')}"
