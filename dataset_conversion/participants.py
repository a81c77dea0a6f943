"""What a dataset's participants.tsv says."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.nifti_stream import check_present
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
        Where the table was not downloaded, has no column `participant_id`, cannot be read as text, or says two things
        of one participant.
    """
    table = root / "participants.tsv"
    found: dict[str, tuple[str, str]] = {}
    for subject, row in _rows(table):
        values = _first(row, columns.site), _first(row, columns.pathology)
        if found.setdefault(subject, values) != values:
            raise DataRefusedError(
                f"{table}: one site and one pathology for each participant were needed, found for {subject} "
                f"{found[subject]} and {values}; keep one of these rows"
            )
    words = {word.lower() for word in columns.healthy}
    return Participants(
        sites={subject: site for subject, (site, _) in found.items() if site},
        pathologies={subject: pathology for subject, (_, pathology) in found.items() if pathology},
        healthy=frozenset(subject for subject, (_, pathology) in found.items() if pathology.lower() in words),
    )


def _rows(table: Path) -> Iterator[tuple[str, Mapping[str, str | None]]]:
    """Give each row's subject with its cells."""
    if not table.is_file() and not table.is_symlink():
        return
    check_present(table)
    try:
        # `utf-8-sig`: tables saved by spreadsheet programs start with a mark that would become part of the first name.
        lines = table.read_text(encoding="utf-8-sig").splitlines()
        # A quotation mark is a character like any other: one alone would swallow all rows to the next.
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        if lines and "participant_id" not in (reader.fieldnames or ()):
            listed = ", ".join(reader.fieldnames or ())
            raise DataRefusedError(f"{table}: a column participant_id was needed, found {listed}")
        rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataRefusedError(f"{table}: cannot be read: {error}; save it as UTF-8 text with tabs") from error
    for row in rows:
        participant = (row["participant_id"] or "").strip()
        if participant:
            yield participant if participant.startswith("sub-") else f"sub-{participant}", row


def _first(row: Mapping[str, str | None], columns: Sequence[str]) -> str:
    values = [(row.get(column) or "").strip() for column in columns]
    return next((value for value in values if value.lower() not in _NO_VALUE), "")
