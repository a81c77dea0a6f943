"""One method's measurements, read from the table that `evaluate` or `biomarkers` left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.names import parse_case
from nnunet_ext.core.tables import NOTHING, Row, TableRow, filled, read_table
from nnunet_ext.evaluation.agreement.values import finite_value
from nnunet_ext.evaluation.defined import is_defined

WHOLE: Final = "(case)"
"""Region of measurements that are of a case as a whole."""

SIZE_OF_ERROR: Final = "abs_rel_vol_error"
"""Column that is added to metrics: `rel_vol_error` without its sign."""

_DESCRIBES: Final = frozenset(
    ["case", "dataset", "subject", "session", "acquisition", "run", "contrast", "site", "split", "region", "rater",
     "preset", "status", "reason", "note", "notes"]
)  # fmt: skip


class Kind(StrEnum):
    """What a table measures."""

    METRICS = "metrics"
    BIOMARKERS = "biomarkers"


@dataclass(frozen=True)
class Case:
    """Whose image a case is.

    Parameters
    ----------
    subject
        The independent unit: dataset (or else site) and subject, so that `sub-01` of two datasets stay two people.
    participant
        As participants.tsv may call the subject.
    site
        `n/a` where the table does not say.
    """

    subject: str
    participant: str
    site: str


@dataclass(frozen=True)
class Measurements:
    """What one method measured.

    Parameters
    ----------
    method
        Its name.
    kind
        Metrics against a reference, or biomarkers.
    cases
        By their identifiers.
    values
        By case and region: column to number; None where it is missing, not finite, or a ratio without a denominator.
    reasons
        Why a row has no values, where the table says.
    columns
        With numbers, in the table's order.
    left_out
        Columns that hold text, with an example.
    """

    method: str
    kind: Kind
    cases: Mapping[str, Case]
    values: Mapping[tuple[str, str], Mapping[str, float | None]]
    reasons: Mapping[tuple[str, str], str]
    columns: tuple[str, ...]
    left_out: Mapping[str, str]


def read_measurements(path: Path, kind: Kind, method: str) -> Measurements:
    """Read `metrics.tsv` or `cases_biomarkers.tsv`.

    Parameters
    ----------
    path
        The table.
    kind
        Which of the two it is. Metrics have a row per case and region, biomarkers one per case.
    method
        Name of the method that measured.

    Returns
    -------
    Measurements
        A column is one of numbers where every cell holds a number or `n/a`. No row at all is fine.

    Raises
    ------
    FileRefusedError
        Where the file cannot be read, has no column `case` (or `region`), a row is short, or a case stands in it twice.
    """
    needed = ("case", "region") if kind is Kind.METRICS else ("case",)
    rows: list[TableRow] = read_table(path, needed, whole=True)
    for row in rows:
        if missing := [column for column in needed if not filled(row, column)]:
            raise row.refused(f"{' and '.join(missing)} was needed and is not there")
    keys = [(row["case"], row["region"] if kind is Kind.METRICS else WHOLE) for row in rows]
    if len(set(keys)) < len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        shown = ", ".join(" ".join(part for part in key if part != WHOLE) for key in twice[:5])
        raise FileRefusedError(path, f"one row for each {' and '.join(needed)} was needed, found more for {shown}")
    measured = [_with_size_of_error(row) for row in rows] if kind is Kind.METRICS else rows
    columns_of_all = [column for column in (measured[0] if measured else {}) if column not in _DESCRIBES]
    texts = {column: _first_text(measured, column) for column in columns_of_all}
    columns = tuple(column for column, text in texts.items() if text is None)
    return Measurements(
        method=method,
        kind=kind,
        cases={row["case"]: _case(row) for row in rows},
        values={key: _values(row, columns) for key, row in zip(keys, measured, strict=True)},
        reasons={key: row.get("reason", NOTHING) or NOTHING for key, row in zip(keys, rows, strict=True)},
        columns=columns,
        left_out={column: text for column, text in texts.items() if text is not None},
    )


def _values(row: Mapping[str, str], columns: Sequence[str]) -> dict[str, float | None]:
    """Read a row; a ratio without a denominator is missing, whatever a preset gives it."""
    values = {column: finite_value(row[column]) for column in columns}
    without = [column for column in columns if not is_defined(column, values)]
    return {**values, **dict.fromkeys(without)}


def _with_size_of_error(row: Row) -> Row:
    """Add the volume error without its sign: which of two methods errs less cannot be told with it."""
    signed = row.get("rel_vol_error")
    return row if signed is None else {**row, SIZE_OF_ERROR: signed.strip().removeprefix("-")}


def _first_text(rows: Sequence[Row], column: str) -> str | None:
    """Find a cell that is no number; None where there is none."""
    for row in rows:
        try:
            finite_value(row[column])
        except ValueError:
            return row[column]
    return None


def _case(row: Row) -> Case:
    name = parse_case(row["case"])
    site = row.get("site") or NOTHING
    named = row.get("subject") or NOTHING
    if named == NOTHING:
        named = name.subject or row["case"]
    scopes = row.get("dataset", NOTHING), row["case"].removesuffix(name.stem).removesuffix("_"), site
    scope = next((name for name in scopes if name not in {"", NOTHING}), NOTHING)
    return Case(named if scope == NOTHING else f"{scope}_{named}", named, site)
