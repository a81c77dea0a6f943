"""`marks.tsv`: what a rater says of each case, a line each."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.exchange.marks import MARKS_COLUMNS
from nnunet_ext.active_learning.ingest.given_cases import GivenCases
from nnunet_ext.active_learning.ingest.words import Action, Said, Weight, Word, join_said
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.tables import TableRow, filled, read_table

_ALL: Final = frozenset({"", "all", "*"})
_APART: Final = re.compile(r"[\s,;+]+")


def read_marks(path: Path, given: GivenCases) -> Said:
    """Read `marks.tsv`: columns case and action, and where somebody wants them region, slices, minutes and comment.

    A line that cannot be understood puts off what it is about, and says why; the others count.

    Parameters
    ----------
    path
        The table. A case is named by its own name or by the file of its image or of a mask; a region by the target's
        name or as people call it; no region means all.
    given
        The cases.

    Raises
    ------
    FileRefusedError
        Where it is no such table.
    """
    rows = read_table(path, ["case", "action"], MARKS_COLUMNS)
    return join_said([_of_row(path, row, given) for row in rows])


def _of_row(path: Path, row: TableRow, given: GivenCases) -> Said:
    source = f"{path.name} line {row.line}"
    cases = given.named(filled(row, "case"))
    if len(cases) != 1:
        meant = f"means several: {', '.join(cases)}" if cases else "was not given out"
        return Said(problems=(f"{source}: {row['case'][:60]!r} {meant}",))
    return Said({cases[0]: tuple(_words(source, row, given))})


def _words(source: str, row: TableRow, given: GivenCases) -> Iterator[Word]:
    regions: list[str] = []
    text = filled(row, "region").strip()
    for name in [] if text.casefold() in _ALL else _APART.split(text):
        region = given.region_named(name)
        if region is None:
            known = ", ".join(given.regions)
            yield Word(
                source, Weight.MARKS, Action.DEFER, comment=f"a region ({known}) was needed, found {name[:60]!r}"
            )
            return
        regions.append(region)
    said = filled(row, "action").strip().casefold()
    try:
        action = Action(said) if said else None
        minutes = row.number("minutes") if "minutes" in row else None
        if minutes is not None and minutes < 0:
            raise row.refused(f"minutes of 0 or more were needed, found {minutes:g}")
    except (ValueError, FileRefusedError) as error:
        reason = error.reason if isinstance(error, FileRefusedError) else (
            f"an action ({', '.join(Action)}) was needed, found {said[:60]!r}"
        )  # fmt: skip
        yield Word(source, Weight.MARKS, Action.DEFER, tuple(regions), comment=reason)
        return
    yield Word(source, Weight.MARKS, action, tuple(regions), filled(row, "slices"), minutes, filled(row, "comment"))
