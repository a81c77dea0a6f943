"""What a dataset's participants.tsv says."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.dataset_conversion.profile import ParticipantColumns

_NO_VALUE: Final = frozenset({"", "-", "n/a", "na", "nan", "none", "unknown", "unknwon"})


@dataclass(frozen=True)
class Participants:
    """Site and pathology by subject (`sub-01`); those without a value are not in it, subjects without images may be.

    Parameters
    ----------
    sites, pathologies
        As the table has them.
    healthy
        Subjects that are healthy by the profile's words.
    """

    sites: Mapping[str, str]
    pathologies: Mapping[str, str]
    healthy: frozenset[str]


def read_participants(root: Path, columns: ParticipantColumns) -> Participants:
    """Read the table; a dataset without one has no values.

    Raises
    ------
    DataRefusedError
        Where the table has no column `participant_id`, or cannot be read as text.
    """
    rows = _rows(root / "participants.tsv")
    sites = {subject: value for subject, row in rows.items() if (value := _first(row, columns.site))}
    found = {subject: value for subject, row in rows.items() if (value := _first(row, columns.pathology))}
    words = {word.lower() for word in columns.healthy}
    return Participants(sites, found, frozenset(subject for subject, value in found.items() if value.lower() in words))


def _rows(table: Path) -> Mapping[str, Mapping[str, str | None]]:
    if not table.is_file():
        return {}
    try:
        # `utf-8-sig`: tables saved by spreadsheet programs start with a mark that would become part of the first name.
        rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines(), delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataRefusedError(f"{table}: cannot be read: {error}; save it as UTF-8 text with tabs") from error
    if rows and "participant_id" not in rows[0]:
        raise DataRefusedError(f"{table}: a column participant_id was needed, found {', '.join(rows[0])}")
    by_subject = {}
    for row in rows:
        participant = (row["participant_id"] or "").strip()
        if participant:
            by_subject[participant if participant.startswith("sub-") else f"sub-{participant}"] = row
    return by_subject


def _first(row: Mapping[str, str | None], columns: Sequence[str]) -> str:
    values = [(row.get(column) or "").strip() for column in columns]
    return next((value for value in values if value.lower() not in _NO_VALUE), "")
