"""Clinical scores of a BIDS dataset's participants."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.tables import read_table
from nnunet_ext.evaluation.agreement.values import finite_value

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
    """

    names: tuple[str, ...]
    values: Mapping[str, Mapping[str, float | None]]
    left_out: Mapping[str, str]


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
        Where it cannot be read, a participant is missing or stands in it twice, or a wanted column is missing or not of
        numbers.
    """
    try:
        rows = read_table(path)
    except (OSError, UnicodeDecodeError) as error:
        raise FileRefusedError(path, f"a table of participants was needed: {error}") from error
    participants = [(row.get("participant_id") or "").strip() for row in rows]
    if not rows or not all(participants) or any(None in row or None in row.values() for row in rows):
        raise FileRefusedError(path, "a row for each participant, with its participant_id, was needed")
    if len(set(participants)) < len(participants):
        twice = sorted({name for name in participants if participants.count(name) > 1})
        raise FileRefusedError(path, f"one row for each participant was needed, found more for {', '.join(twice[:5])}")
    columns = [column for column in rows[0] if column != "participant_id"]
    if absent := [column for column in wanted if column not in columns]:
        raise FileRefusedError(path, f"the scores {', '.join(absent)} were needed, found {', '.join(columns)}")
    left_out = {}
    for column in wanted or columns:
        reason = _why_not([row[column] for row in rows])
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
    return Scores(names, values, left_out)


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


def _why_not(cells: Sequence[str]) -> str:
    try:
        numbers = {finite_value(text) for text in cells} - {None}
    except ValueError as error:
        return f"no numbers: {error}"
    return "" if numbers else "no value"
