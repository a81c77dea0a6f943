"""`effort.tsv` of the desk: what each case cost whom."""

from collections.abc import Mapping, Sequence
from typing import Final

from nnunet_ext.active_learning.ingest.effort import total
from nnunet_ext.active_learning.ingest.opinion import Opinion
from nnunet_ext.active_learning.ingest.words import KEPT
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import NOTHING, Row, cell, read_table, table_text
from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.spent import Spent

EFFORT_TABLE: Final = "effort.tsv"
EFFORT_COLUMNS: Final = (
    "case", "rater", "action", "seconds", "clicks", "strokes",
    "voxels_changed", "slices_changed", "objects_added", "objects_removed", "tools",
)  # fmt: skip


def effort_row(desk: Desk, case: DeskCase, opinion: Opinion, spent: Spent) -> Row:
    """Write what a case cost; what changed is not known where it is not used."""
    changed: Mapping[str, str] = total(opinion.efforts.values()).cells() if opinion.action in KEPT else {}
    about = {"case": cell(case.name), "rater": cell(desk.rater), "action": str(opinion.action)}
    known = {**about, **changed, **spent.cells()}
    return {column: known.get(column, NOTHING) for column in EFFORT_COLUMNS}


def read_effort(desk: Desk) -> Sequence[Row]:
    """Give the rows that there are.

    Raises
    ------
    FileRefusedError
        Where the table cannot be read.
    """
    path = desk.place / EFFORT_TABLE
    return read_table(path, EFFORT_COLUMNS) if path.is_file() else []


def write_effort(desk: Desk, case: DeskCase, row: Row) -> None:
    """Write the row of a case and rater in the place of that before; all others stay.

    Raises
    ------
    FileRefusedError
        Where the table cannot be read: nothing of it is then lost.
    """
    before = read_effort(desk)
    key = _key_of(desk, case)
    keys = [_key(one) for one in before]
    after: list[Row] = [row if found == key else one for one, found in zip(before, keys, strict=True)]
    write_text(desk.place / EFFORT_TABLE, table_text(after if key in keys else [*after, row], EFFORT_COLUMNS))


def _key(row: Row) -> tuple[str, str]:
    return row["case"], row["rater"]


def _key_of(desk: Desk, case: DeskCase) -> tuple[str, str]:
    return cell(case.name), cell(desk.rater)
