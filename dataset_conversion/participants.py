"""What a dataset's participants.tsv says."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.tables import NOTHING, is_missing, plain_name, whole_table
from nnunet_ext.dataset_conversion.profile import ParticipantColumns

_LOG: Final = logging.getLogger(__name__)
_SEX: Final = ("sex", "gender")
_IDENTIFIER: Final = "participant_id"

Cells = Mapping[str, str]


@dataclass(frozen=True)
class Participants:
    """What is said of each subject (`sub-01`); those without a value are not in it, subjects without images may be.

    Parameters
    ----------
    sites, pathologies
        As the table has them.
    healthy
        Subjects that are healthy by the profile's words.
    persons
        The person that a subject is, where the profile names a column for it.
    sexes
        First letter, small.
    said
        Which columns were taken, where the profile does not say that to the letter.
    """

    sites: Mapping[str, str]
    pathologies: Mapping[str, str]
    healthy: frozenset[str]
    persons: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sexes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Table:
    """The rows of the table, each a mapping of column to cell with its subject, and how its columns are written."""

    rows: Sequence[tuple[str, Cells]]
    columns: Mapping[str, str]

    def named(self, wanted: Sequence[str]) -> list[str]:
        """Give the columns that are meant, in the order in which they are wanted; of equal names the literal first."""
        meant = [
            column
            for name in wanted
            for column in sorted(self.columns, key=lambda column: column != name)
            if plain_name(column) == plain_name(name)
        ]
        return list(dict.fromkeys(meant))

    def values(self, wanted: Sequence[str]) -> dict[str, str]:
        """Give each subject's first value in the columns that are meant."""
        columns = self.named(wanted)
        found: dict[str, str] = {}
        for subject, row in self.rows:
            found.setdefault(subject, next(iter(_valued(row, columns).values()), ""))
        return {subject: value for subject, value in found.items() if value}


def read_participants(root: Path, columns: ParticipantColumns) -> Participants:
    """Read the table; a dataset without one has no values.

    Names of columns are the same but for case, blanks, hyphens, quotation marks and units in brackets.

    Raises
    ------
    DataRefusedError
        Where the table was not downloaded, has no column `participant_id`, cannot be read as text, says two things of
        one participant, or lacks the column that the profile says names the person.
    """
    path = root / "participants.tsv"
    table = _read(path)
    _refuse_two_answers(path, table, columns)
    if columns.person_columns and not table.named(columns.person_columns):
        raise DataRefusedError(
            f"{path}: a column {' or '.join(columns.person_columns)} that names the person was needed, as the profile "
            f"says, found {', '.join(table.columns) or 'no table'}; change person in the profile, or the table"
        )
    words = {word.casefold() for word in columns.healthy}
    pathologies = table.values(columns.pathology)
    return Participants(
        sites=table.values(columns.site),
        pathologies=pathologies,
        healthy=frozenset(subject for subject, pathology in pathologies.items() if pathology.casefold() in words),
        persons=table.values(columns.person_columns),
        sexes={subject: sex[0].casefold() for subject, sex in table.values(_SEX).items()},
        said=(*_which(table, "site", columns.site), *_which(table, "pathology", columns.pathology)),
    )


def _read(path: Path) -> _Table:
    if not path.is_file() and not path.is_symlink():
        return _Table([], {})
    if path.is_file() and not path.read_bytes().strip():
        return _Table([], {})
    table = whole_table(path, [_IDENTIFIER])
    if nameless := [str(row.line) for row in table.rows if is_missing(row[_IDENTIFIER])]:
        _LOG.warning("%s: left out, as it has no %s: line %s", path, _IDENTIFIER, first_few(nameless))
    rows = [{column: " ".join(_unmarked(cell).split()) for column, cell in row.items()} for row in table.rows]
    named = [(_subject(row[_IDENTIFIER]), row) for row in rows]
    return _Table([(subject, row) for subject, row in named if subject], table.written)


def _unmarked(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def _subject(identifier: str) -> str:
    if is_missing(identifier):
        return ""
    label = identifier[4:] if identifier[:4].casefold() == "sub-" else identifier
    return f"sub-{label}" if label else ""


def _refuse_two_answers(path: Path, table: _Table, columns: ParticipantColumns) -> None:
    found: dict[str, tuple[str, ...]] = {}
    asked = [table.named(names) for names in (columns.site, columns.pathology)]
    for subject, row in table.rows:
        said = tuple(next(iter(_valued(row, names).values()), "") for names in asked)
        if found.setdefault(subject, said) != said:
            raise DataRefusedError(
                f"{path}: one site and one pathology for each participant were needed, found for {subject} "
                f"{found[subject]} and {said}; keep one of these rows"
            )


def _which(table: _Table, what: str, wanted: Sequence[str]) -> Iterator[str]:
    """Say which columns a value comes from, where that is not what the profile says, or where another says else."""
    columns = table.named(wanted)
    valued = [_valued(row, columns) for _, row in table.rows]
    first = Counter(next(iter(values)) for values in valued if values)
    for column in (table.columns[column] for column in columns if column in first):
        if column not in wanted:
            yield f"{what}: column {column!r} of participants.tsv"
    if differing := [values for values in valued if len({value.casefold() for value in values.values()}) > 1]:
        taken, *others = (table.columns[column] for column in differing[0])
        yield (
            f"{what}: column {taken!r} of participants.tsv goes before {' and '.join(map(repr, others))}, which "
            f"{'says' if len(others) == 1 else 'say'} otherwise of {len(differing)} participants"
        )


def _valued(row: Cells, columns: Sequence[str]) -> dict[str, str]:
    return {column: row[column] for column in columns if not is_missing(row.get(column, NOTHING))}
