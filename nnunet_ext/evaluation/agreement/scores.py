"""Clinical scores of a BIDS dataset's participants."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.tables import TableRow, filled, finite_number, is_number, read_table
from nnunet_ext.evaluation.agreement.values import finite_value

_PARTICIPANT: Final = "participant_id"
_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_NO_SCORES: Final = frozenset(
    ["age", "sex", "handedness", "height", "weight", "body_mass_index", "bmi", "strain", "strain_rrid"]
)


@dataclass(frozen=True)
class Scores:
    """Scores of participants.

    Parameters
    ----------
    names
        Of the scores, in the table's order.
    values
        By participant: score to number, None where it is missing.
    left_out
        Columns that are not scores, with the reason.
    rows_left_out
        What was passed over of the table's rows, in words.
    """

    names: tuple[str, ...]
    values: Mapping[str, Mapping[str, float | None]]
    left_out: Mapping[str, str]
    rows_left_out: tuple[str, ...] = ()


def read_scores(path: Path, wanted: Sequence[str] = ()) -> Scores:
    """Read the scores of participants.tsv.

    Parameters
    ----------
    path
        The table, with the column `participant_id`.
    wanted
        Columns to take; none takes all columns of numbers but age, sex and build.

    Raises
    ------
    FileRefusedError
        Where it cannot be read, nobody or a participant twice stands in it, or a wanted column is missing or not of
        numbers.
    """
    every = read_table(path, [_PARTICIPANT], wanted)
    rows = [row for row in every if filled(row, _PARTICIPANT)]
    if not rows:
        raise FileRefusedError(path, f"a row for each participant, with its {_PARTICIPANT}, was needed, found none")
    nameless = [f"line {row.line} has no {_PARTICIPANT}" for row in every if not filled(row, _PARTICIPANT)]
    participants = [row[_PARTICIPANT] for row in rows]
    if len(set(participants)) < len(participants):
        twice = sorted({name for name in participants if participants.count(name) > 1})
        raise FileRefusedError(path, f"one row for each participant was needed, found more for {', '.join(twice[:5])}")
    columns = [column for column in rows[0] if column != _PARTICIPANT]
    if absent := [column for column in wanted if column not in columns]:
        raise FileRefusedError(path, f"the scores {', '.join(absent)} were needed, found {', '.join(columns)}")
    left_out = {}
    for column in wanted or columns:
        reason = _why_not(rows, column)
        if column.lower() in _NO_SCORES and not wanted:
            reason = "describes the participant"
        if reason and wanted:
            raise FileRefusedError(path, f"{column}: {reason}")
        if reason:
            left_out[column] = reason
    names = tuple(column for column in (wanted or columns) if column not in left_out)
    values = {
        name: {column: finite_value(row[column]) for column in names}
        for name, row in zip(participants, rows, strict=True)
    }
    return Scores(names, values, left_out, tuple(nameless))


def match_scores(scores: Scores, subjects: Collection[tuple[str, str]]) -> dict[str, Mapping[str, float | None]]:
    """Find each subject's scores, by its whole name (``dataset_sub-01``) or by its own (``sub-01``).

    Parameters
    ----------
    scores
        From `read_scores`.
    subjects
        Whole name and own name of each.

    Returns
    -------
    dict
        Whole name to scores; subjects without a row are not in it. Two subjects of one own name get no scores by it:
        whose they are cannot be told.
    """
    own_names = [own for _, own in set(subjects)]
    found = {}
    for whole, own in set(subjects):
        ambiguous = own_names.count(own) > 1
        for name in (whole, *(() if ambiguous else (own, own.removeprefix("sub-"), f"sub-{own}"))):
            if name in scores.values:
                found[whole] = scores.values[name]
                break
    return found


def _why_not(rows: Sequence[TableRow], column: str) -> str:
    """Say why a column is no score; empty where it is one."""
    words = [row for row in rows if not is_number(row[column])]
    if words:  # which words, no shared page needs to tell: a column may hold names
        return f"no numbers: words in {len(words)} of {len(rows)} rows, first in line {words[0].line}"
    cells = [row[column] for row in rows if finite_number(row[column]) is not None]
    if any("." in text for text in cells) and any(map(_THOUSANDS.fullmatch, cells)):
        return "decimals after a point, and a comma that may stand before decimals or after thousands"
    return "" if cells else "no value"
