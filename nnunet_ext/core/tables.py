"""Tables: the one reader of ours and people's, whatever program saved them, and what their cells say."""

import csv
import io
import logging
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.table_lines import table_lines
from nnunet_ext.core.text_file import read_text

Row = Mapping[str, str]
"""A row of a table: column to cell."""

NOTHING: Final = "n/a"
"""Cell of a value that is missing."""

_LOG: Final = logging.getLogger(__name__)
_IN_BRACKETS: Final = re.compile(r"\[[^\]]*\]|\([^)]*\)")
_SHOWN: Final = 60
_NOTHING_SAID: Final = frozenset({"", "-", "–", "—", "n/a", "na", "n.a.", "#n/a", "nan", "none", "null"})
_UNKNOWN: Final = frozenset({"unknown", "unknwon"})
_NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE)


class TableRow(dict[str, str]):
    """A row of a table, a mapping of column to cell, that knows where it stands.

    Asked for a column that the table has not, it raises FileRefusedError.

    Parameters
    ----------
    path, line
        Where; lines are counted from 1.
    """

    path: Path
    line: int

    def __missing__(self, column: str) -> str:
        found = first_few([name[:_SHOWN] for name in self], 10) or "none"
        raise FileRefusedError(self.path, f"a column {column} was needed, found {found}")

    def number(self, column: str) -> float | None:
        """Read a number; None where it is missing.

        Raises
        ------
        FileRefusedError
            Where it is a word.
        """
        text = self[column]
        try:
            return number(text)
        except ValueError as error:
            raise self.refused(f"a number was needed as {column}, found {text[:_SHOWN]!r}") from error

    def refused(self, reason: str) -> FileRefusedError:
        """Make the refusal of the file for this row."""
        return FileRefusedError(self.path, f"line {self.line}: {reason}; mend it there")


@dataclass(frozen=True)
class Table:
    """A table, row by row; `written` gives for each column its name as it stands in the file."""

    rows: list[TableRow]
    written: Mapping[str, str]


def read_table(
    path: Path, needed: Sequence[str] = (), known: Collection[str] = (), *, whole: bool = False
) -> list[TableRow]:
    """Read a table with a row of names above: tabs, or semicolons or commas where no tab is there.

    Quotation marks around a cell are taken off; one that stands alone is a character like any other. Rows that are cut
    short, as editors leave them, lack what stood last: `n/a`. Rows without any value are passed over.

    Parameters
    ----------
    path
        The file.
    needed
        Columns that it must have.
    known
        More names of columns: they, and the needed ones, are known however they are spelt (`Nli-Slice`).
    whole
        Whether a row that is cut short is refused, as of a table that only a program writes.

    Returns
    -------
    list of TableRow
        None where the file is empty and nothing was needed.

    Raises
    ------
    FileRefusedError
        Where it is not there or no text, a column is missing or stands twice, or a row has more cells than there are
        columns.
    """
    return whole_table(path, needed, known, whole=whole).rows


def whole_table(path: Path, needed: Sequence[str] = (), known: Collection[str] = (), *, whole: bool = False) -> Table:
    """Read a table with the names of its columns; see `read_table`."""
    table = table_lines(read_text(path, "a table was needed"))
    columns = _columns(path, table.header, needed, known)
    rows = [_row(path, line, columns, cells, whole=whole) for line, cells in table.rows]
    nameless = [row.pop("", NOTHING) for row in rows]
    if not all(map(is_missing, nameless)):
        _LOG.warning("%s: a column without a name was left out", path)
    written = dict(zip(columns, table.written, strict=False))
    return Table(rows, {column: name for column, name in written.items() if column})


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


def is_missing(text: str) -> bool:
    """Tell whether a cell says that there is no value, in one of the ways in which people say it."""
    return text.strip().casefold() in _NOTHING_SAID | _UNKNOWN


def filled(row: Row, column: str) -> str:
    """Give what a row says in a column; empty where the value, or the column, is missing."""
    text = row.get(column, NOTHING)
    return "" if text.strip().casefold() in _NOTHING_SAID else text


def number(text: str) -> float | None:
    """Read a number from a cell, with a point or a comma before its decimals; None where it is missing.

    Raises
    ------
    ValueError
        Where it is a word.
    """
    if is_missing(text):
        return None
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"a number was needed, found {text[:60]!r}")
    return float(plain.replace(",", "."))


def is_number(text: str) -> bool:
    """Tell whether a cell holds a number, or says that there is none, and is no word."""
    try:
        number(text)
    except ValueError:
        return False
    return True


def finite_number(text: str) -> float | None:
    """Read a number from a cell; None where it is missing, a word, or not finite: what no plot or sorting can take."""
    try:
        value = number(text)
    except ValueError:
        return None
    return value if value is not None and math.isfinite(value) else None


def plain_name(column: str) -> str:
    """Give a column's name without what writers of tables change: `Field Strength [T]` is `field_strength`."""
    return re.sub(r"[\W_]+", "_", _IN_BRACKETS.sub(" ", column).casefold()).strip("_")


def _columns(path: Path, header: Sequence[str], needed: Sequence[str], known: Collection[str]) -> list[str]:
    """Give the columns by the names that are meant, where they are not spelt to the letter."""
    spelt = {plain_name(name): name for name in reversed([*needed, *known])}
    columns: list[str] = []
    for column in header:
        meant = spelt.get(plain_name(column), column)
        columns.append(column if meant in header or meant in columns else meant)
    if missing := [column for column in needed if column not in columns]:
        found = first_few([name[:_SHOWN] for name in header], 10) or "an empty file"
        raise FileRefusedError(
            path, f"a column {' and '.join(missing)} was needed, found {found}; name it in the first row"
        )
    if twice := sorted({column[:_SHOWN] for column in columns if column and columns.count(column) > 1}):
        raise FileRefusedError(path, f"columns of different names were needed, found {', '.join(twice)} twice")
    return columns


def _row(path: Path, line: int, columns: Sequence[str], cells: Sequence[str], *, whole: bool) -> TableRow:
    row = TableRow(zip(columns, [*cells, *[NOTHING] * (len(columns) - len(cells))], strict=False))
    row.path, row.line = path, line
    if any(cells[len(columns) :]) or (whole and len(cells) < len(columns)):
        raise row.refused(f"as many cells as there are columns ({len(columns)}) were needed, found {len(cells)}")
    return row
