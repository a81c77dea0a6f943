"""`marks.tsv`: what a rater says of each case, for programs that save masks and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from nnunet_ext.core.tables import NOTHING, filled, read_table, table_text

MARKS: Final = "marks.tsv"
COLUMNS: Final = ("case", "action", "regions", "slices", "reason", "minutes")


class Action(StrEnum):
    """What a rater can say of a case."""

    ACCEPT = "accept"
    """The masks are right as they are."""

    EDIT = "edit"
    """The masks were corrected."""

    REJECT = "reject"
    """The case is no use: a bad image, the wrong part of the body."""

    DEFER = "defer"
    """Somebody else should look, or the same person later."""


def blank_marks(cases: Iterable[str]) -> str:
    """Give the table for a rater to fill in, one row a case in the order in which they are to be read."""
    return table_text([dict.fromkeys(COLUMNS, NOTHING) | {"case": case} for case in cases], COLUMNS)


def read_marks(file: Path) -> dict[str, Mapping[str, str]]:
    """Read what was filled in, by case; a case of which nothing is said is left out, and so are all without a table.

    Raises
    ------
    FileRefusedError
        Where it is no table, or says something else than an action.
    """
    if not file.is_file():
        return {}
    marks = {}
    for row in read_table(file, ["case", "action"], COLUMNS):
        action = filled(row, "action").strip().lower()
        if action and action not in set(Action):
            raise row.refused(f"an action was needed, {', '.join(Action)}, found {action[:60]!r}")
        if action:
            marks[row["case"].strip()] = {name: filled(row, name) for name in COLUMNS} | {"action": action}
    return marks


def marks_text(marks: Sequence[Mapping[str, str]]) -> str:
    """Write marks as a table again."""
    return table_text([{name: mark[name] or NOTHING for name in COLUMNS} for mark in marks], COLUMNS)
