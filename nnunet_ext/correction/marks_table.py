"""`marks.tsv` of the desk: what was decided of each case, in the words that `active ingest` reads."""

from collections.abc import Mapping, Sequence
from typing import Final

from nnunet_ext.active_learning.exchange.marks import MARKS, MARKS_COLUMNS
from nnunet_ext.active_learning.ingest.given_cases import GivenCase, GivenCases
from nnunet_ext.active_learning.ingest.words import Action, Weight, Word
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import NOTHING, Row, cell, filled, is_missing, table_text, whole_table
from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.keep_copy import keep_copy

_ORDER: Final = (Action.EDIT, Action.ACCEPT, Action.REJECT, Action.DEFER)
"""That of a case is the first of these that one of its masks has."""


def row_of(word: Word, case: DeskCase) -> Row:
    """Write what was said as a row."""
    minutes = NOTHING if word.minutes is None else f"{word.minutes:g}"
    return {
        "case": case.name,
        "region": ",".join(word.regions) or NOTHING,
        "action": NOTHING if word.action is None else str(word.action),
        "slices": NOTHING,
        "minutes": minutes,
        "comment": cell(word.comment),
    }


def word_of(region: str, action: Action, minutes: float | None, comment: str) -> Word:
    """Say it as `read_marks` will read it."""
    said = cell(comment)
    return Word(MARKS, Weight.MARKS, action, (region,), "", minutes, "" if is_missing(said) else said)


def decided(desk: Desk) -> dict[str, str]:
    """Give what the table says of each case that something was decided of.

    Raises
    ------
    FileRefusedError
        Where it cannot be read.
    """
    path = desk.place / MARKS
    found: dict[str, set[str]] = {}
    if path.is_file():
        given = _given(desk)
        for row in whole_table(path, ["case", "action"], MARKS_COLUMNS).rows:
            if case := _meant(row, given):
                found.setdefault(case, set()).add(filled(row, "action").strip().casefold())
    known = {case: next((str(action) for action in _ORDER if action in said), "") for case, said in found.items()}
    return {case: action for case, action in known.items() if action}


def write_marks(desk: Desk, case: DeskCase, rows: Sequence[Row]) -> None:
    """Write the rows of a case in the place of those that there are of it; all others stay.

    Where they said something else, a copy of the table before is kept.

    Raises
    ------
    FileRefusedError
        Where the table cannot be read: nothing of it is then lost.
    """
    path, before, columns = desk.place / MARKS, [], tuple(MARKS_COLUMNS)
    if path.is_file():
        table = whole_table(path, ["case", "action"], MARKS_COLUMNS)
        before = table.rows
        columns = (*table.written, *(column for column in MARKS_COLUMNS if column not in table.written))
    given = _given(desk)
    own = [_meant(row, given) == case.name for row in before]
    first = own.index(True) if any(own) else len(before)
    others = [row for row, mine in zip(before, own, strict=True) if not mine]
    after = [*others[:first], *rows, *others[first:]]
    text = table_text([_whole(row, columns) for row in after], columns)
    if path.is_file():
        if text == path.read_text(encoding="utf-8", errors="replace"):
            return
        if any(_said(row) for row, mine in zip(before, own, strict=True) if mine):
            keep_copy(path, desk.superseded)
    write_text(path, text)


def _meant(row: Row, given: GivenCases) -> str:
    """Give the case that a row is about; empty where it is about none, or may be about several."""
    text = filled(row, "case").strip()
    if text in given.cases:  # as the desk itself writes it
        return text
    meant = given.named(text)
    return meant[0] if len(meant) == 1 else ""


def _whole(row: Mapping[str, str], columns: Sequence[str]) -> Row:
    return {column: row.get(column, NOTHING) for column in columns}


def _said(row: Row) -> bool:
    return any(filled(row, column) for column in row if column != "case")


def _given(desk: Desk) -> GivenCases:
    cases = {one.name: GivenCase(one.name, "", (one.image.name,)) for one in desk.cases}
    return GivenCases(cases, tuple(region.name for region in desk.regions))
