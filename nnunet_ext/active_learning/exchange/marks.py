"""`marks.tsv`: what a rater says of each case, for programs that save masks and nothing else."""

from collections.abc import Iterable
from typing import Final

from nnunet_ext.core.tables import NOTHING, table_text

MARKS: Final = "marks.tsv"
MARKS_COLUMNS: Final = ("case", "region", "action", "slices", "minutes", "comment")


def blank_marks(cases: Iterable[str]) -> str:
    """Give the table for a rater to fill in, a row a case in the order in which they are to be read."""
    return table_text([dict.fromkeys(MARKS_COLUMNS, NOTHING) | {"case": case} for case in cases], MARKS_COLUMNS)
