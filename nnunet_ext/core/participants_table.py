"""participants.tsv as people write it: whose row it is, and which of its columns are meant."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.tables import NOTHING, is_missing, plain_name, whole_table

_LOG: Final = logging.getLogger(__name__)
_IDENTIFIER: Final = "participant_id"

Cells = Mapping[str, str]
"""A row: column to cell, single blanks between words."""


@dataclass(frozen=True)
class ParticipantsTable:
    """The rows of the table, each with its subject (`sub-01`).

    Parameters
    ----------
    rows
        In the table's order; a subject may have several.
    columns
        For each column its name as it stands in the file.
    lines
        For each row its line in the file, counted from 1.
    """

    rows: Sequence[tuple[str, Cells]]
    columns: Mapping[str, str]
    lines: Sequence[int] = ()

    def named(self, wanted: Sequence[str]) -> list[str]:
        """Give the columns that are meant, in the order in which they are wanted; of equal names the literal first."""
        meant = [
            column
            for name in wanted
            for column in sorted(self.columns, key=lambda column: column != name)
            if plain_name(column) == plain_name(name)
        ]
        return list(dict.fromkeys(meant))

    def values(self, wanted: Sequence[str]) -> dict[str, str]:
        """Give each subject's first value in the columns that are meant."""
        columns = self.named(wanted)
        found: dict[str, str] = {}
        for subject, row in self.rows:
            found.setdefault(subject, next(iter(valued(row, columns).values()), ""))
        return {subject: value for subject, value in found.items() if value}


def read_participants_table(path: Path) -> ParticipantsTable:
    """Read the table; one that is empty, or not there, has no rows.

    Quotation marks around cells are taken off, and identifiers may lack their `sub-`. Rows without one are left out.

    Raises
    ------
    FileRefusedError
        Where the table was not downloaded, has no column `participant_id`, or cannot be read as text.
    """
    if not path.is_file() and not path.is_symlink():
        return ParticipantsTable([], {})
    if path.is_file() and not path.read_bytes().strip():
        return ParticipantsTable([], {})
    table = whole_table(path, [_IDENTIFIER])
    if nameless := [str(row.line) for row in table.rows if is_missing(row[_IDENTIFIER])]:
        _LOG.warning("%s: left out, as it has no %s: line %s", path, _IDENTIFIER, first_few(nameless))
    rows = [{column: " ".join(_unmarked(cell).split()) for column, cell in row.items()} for row in table.rows]
    named = [(_subject(row[_IDENTIFIER]), row, at.line) for row, at in zip(rows, table.rows, strict=True)]
    kept = [(subject, row, line) for subject, row, line in named if subject]
    return ParticipantsTable([(subject, row) for subject, row, _ in kept], table.written, [line for _, _, line in kept])


def valued(row: Cells, columns: Sequence[str]) -> dict[str, str]:
    """Give those cells of the columns that say something."""
    return {column: row[column] for column in columns if not is_missing(row.get(column, NOTHING))}


def _unmarked(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def _subject(identifier: str) -> str:
    if is_missing(identifier):
        return ""
    label = identifier[4:] if identifier[:4].casefold() == "sub-" else identifier
    return f"sub-{label}" if label else ""
