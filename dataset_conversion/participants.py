"""What a dataset's participants.tsv says."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.participants_table import ParticipantsTable, read_participants_table, valued
from nnunet_ext.dataset_conversion.profile import ParticipantColumns

_SEX: Final = ("sex", "gender")


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
    table = read_participants_table(path)
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


def _refuse_two_answers(path: Path, table: ParticipantsTable, columns: ParticipantColumns) -> None:
    found: dict[str, tuple[str, ...]] = {}
    asked = [table.named(names) for names in (columns.site, columns.pathology)]
    for subject, row in table.rows:
        said = tuple(next(iter(valued(row, names).values()), "") for names in asked)
        if found.setdefault(subject, said) != said:
            raise DataRefusedError(
                f"{path}: one site and one pathology for each participant were needed, found for {subject} "
                f"{found[subject]} and {said}; keep one of these rows"
            )


def _which(table: ParticipantsTable, what: str, wanted: Sequence[str]) -> Iterator[str]:
    """Say which columns a value comes from, where that is not what the profile says, or where another says else."""
    columns = table.named(wanted)
    found = [valued(row, columns) for _, row in table.rows]
    first = Counter(next(iter(values)) for values in found if values)
    for column in (table.columns[column] for column in columns if column in first):
        if column not in wanted:
            yield f"{what}: column {column!r} of participants.tsv"
    if differing := [values for values in found if len({value.casefold() for value in values.values()}) > 1]:
        taken, *others = (table.columns[column] for column in differing[0])
        yield (
            f"{what}: column {taken!r} of participants.tsv goes before {' and '.join(map(repr, others))}, which "
            f"{'says' if len(others) == 1 else 'say'} otherwise of {len(differing)} participants"
        )
