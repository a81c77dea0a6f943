"""The tab-separated tables that we write, and read again."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

Row = Mapping[str, str]
"""A row of a table: column to cell."""

NOTHING: Final = "n/a"
"""Cell of a value that is missing."""


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a table, a mapping of column to cell for each row.

    Raises
    ------
    OSError
        Where it is not there.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def table_text(rows: Iterable[Row], columns: Sequence[str], delimiter: str = "\t") -> str:
    """Write rows as text below the names of their columns, with tabs or another mark between the cells."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
    return buffer.getvalue()


def cell(text: str) -> str:
    """Keep a name that holds a tab or a line break from breaking the table."""
    return " ".join(text.split()) if text.strip() else NOTHING


def filled(row: Row, column: str) -> str:
    """Give what a row says in a column; empty where the value, or the column, is missing."""
    text = row.get(column, NOTHING)
    return "" if text == NOTHING else text


def number(text: str) -> float | None:
    """Read a number from a cell; None where it is missing."""
    return None if text == NOTHING else float(text)


def finite_number(text: str) -> float | None:
    """Read a number from a cell; None where it is missing, a word, or not finite: what no plot or sorting can take."""
    try:
        value = number(text)
    except ValueError:
        return None
    return value if value is not None and math.isfinite(value) else None
