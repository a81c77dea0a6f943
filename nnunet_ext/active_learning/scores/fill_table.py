"""Tables that are filled a row at a time: killed anywhere, the next run goes on, and ends in the same bytes."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.cascade.prediction.failure_in_words import failure_in_words
from nnunet_ext.core.atomic import sweep, write_text
from nnunet_ext.core.tables import Row, read_table, table_text

_LOG: Final = logging.getLogger(__name__)

Told = Callable[[int, int], object]
"""Takes how many rows are done, and how many there are."""


def fill_table(
    table: Path,
    columns: Sequence[str],
    wanted: Mapping[str, Row],
    decided_by: Sequence[str],
    make: Callable[[str], Row],
    told: Told = lambda done, of: None,
) -> dict[str, str]:
    """Make the rows that are missing, and write the table after each.

    Parameters
    ----------
    table
        May stand there from an earlier run.
    columns
        Of the table; `case` is one.
    wanted
        For each case what its row will say in some of the columns. Rows of other cases go.
    decided_by
        Those of them that decide the others, such as checksums: a row that stands there and says the same in them is
        kept, whatever else is now known of the case.
    make
        Makes the row of a case.
    told
        Hears of the progress.

    Returns
    -------
    dict
        The cases whose row could not be made, and why; they are not in the table, and the next run tries them again.

    Raises
    ------
    FileRefusedError
        Where what stands there is no such table.
    """
    sweep(table.parent, below=False)
    rows = {row["case"]: row for row in read_table(table, columns, whole=True)} if table.is_file() else {}
    done: dict[str, Row] = {
        case: {**rows[case], **said}
        for case, said in wanted.items()
        if case in rows and all(rows[case][column] == said[column] for column in decided_by)
    }
    failed: dict[str, str] = {}
    _write(table, columns, wanted, done)
    for case in wanted:
        if case not in done:
            try:
                done[case] = make(case)
            except Exception as error:  # noqa: BLE001 - whatever a damaged file, a full memory or a bug does to one case
                failed[case] = failure_in_words(error)
                _LOG.warning("%s: not scored: %s", case, failed[case])
                _LOG.debug("%s", case, exc_info=True)
            else:
                _write(table, columns, wanted, done)
        told(len(done) + len(failed), len(wanted))
    return failed


def _write(table: Path, columns: Sequence[str], wanted: Mapping[str, Row], done: Mapping[str, Row]) -> None:
    text = table_text((done[case] for case in wanted if case in done), columns)
    if not table.is_file() or table.read_bytes() != text.encode():
        write_text(table, text)
