"""Diagnosis, age, sex, site and readers' diagnoses of each participant, from participants.tsv as people write it."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nnunet_ext.classification.cases.age_and_sex import age_in_years, sex_codes
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.participants_table import Cells, ParticipantsTable, read_participants_table, valued
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import plain_name

DIAGNOSIS: Final = ("diagnosis", "final_diagnosis", "clinical_diagnosis", "histology", "pathology", "dx", "group")
"""Columns that may hold the diagnosis; the first that a participant has a value in counts."""

_AGE: Final = ("age", "age_at_scan", "age_at_mri", "age_years", "age_in_years", "age_months", "age_in_months")
_SEX: Final = ("sex", "gender")
_SITE: Final = ("site", "center", "centre", "institution", "institution_id", "hospital", "scanner_site")
_PERSON: Final = ("person", "person_id")
_READER: Final = re.compile(
    r"(?:reader|rater|radiologist|neuroradiologist|observer|expert)_?(?P<name>\d+|[a-z]+?)(?:_(?:diagnosis|dx|pathology))?"
)
_NO_READER: Final = frozenset(
    {
        "s",
        "confidence",
        "certainty",
        "score",
        "count",
        "comment",
        "comments",
        "note",
        "notes",
        "date",
        "time",
        "id",
        "name",
    }
    | {"diagnosis", "dx", "pathology", "agreement", "consensus"}
)


@dataclass(frozen=True)
class Participant:
    """What is said of one subject; what is not said is empty, or None.

    Parameters
    ----------
    diagnoses
        As people wrote them, each once: one, unless the rows of several visits differ.
    age
        Years, at the first row that says.
    sex
        `F` or `M`.
    site, person
        As the table has them.
    readers
        What each reader said, as people wrote it.
    """

    diagnoses: tuple[str, ...] = ()
    age: float | None = None
    sex: str = ""
    site: str = ""
    person: str = ""
    readers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class CaseParticipants:
    """A table's subjects (`sub-01`), and which columns were taken for what."""

    path: Path
    of_subject: Mapping[str, Participant]
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def read_case_participants(path: Path) -> CaseParticipants:
    """Read a participants.tsv; one that is empty, or not there, says nothing.

    Names of columns count whatever their case, blanks, hyphens and units in brackets. Where participants.json beside
    it has `Levels` for the column of diagnosis, sex or a reader, a cell that is one of them means what stands there.

    Raises
    ------
    FileRefusedError
        With the line, where an age or a sex cannot be read, or one subject has two sexes or two answers of a reader.
    """
    table = read_participants_table(path)
    levels = _levels(path.with_suffix(".json"), table)
    rows = [
        (subject, {column: levels.get(column, {}).get(cell, cell) for column, cell in row.items()}, line)
        for (subject, row), line in zip(table.rows, table.lines, strict=True)
    ]
    readers = _reader_columns(table)
    sexes = _sexes(path, table, rows)
    by_subject: dict[str, list[tuple[Cells, int]]] = defaultdict(list)
    for subject, row, line in rows:
        by_subject[subject].append((row, line))
    found = {}
    for subject, of_one in by_subject.items():
        sex = dict.fromkeys(sexes[text] for text in _all(of_one, table.named(_SEX)) if sexes[text])
        said = {reader: tuple(dict.fromkeys(_all(of_one, [column]))) for reader, column in readers.items()}
        _refuse_two(path, subject, of_one[-1][1], {"sex": tuple(sex), **said})
        found[subject] = Participant(
            diagnoses=tuple(dict.fromkeys(_all(of_one, table.named(DIAGNOSIS)))),
            age=_age(path, table, of_one),
            sex=next(iter(sex), ""),
            site=next(iter(_all(of_one, table.named(_SITE))), ""),
            person=next(iter(_all(of_one, table.named(_PERSON))), ""),
            readers={reader: answers[0] for reader, answers in said.items() if answers},
        )
    taken = {"diagnosis": table.named(DIAGNOSIS), "age": table.named(_AGE), "sex": table.named(_SEX)}
    columns = {what: table.columns[names[0]] for what, names in taken.items() if names}
    return CaseParticipants(path, found, {**columns, **{f"reader {name}": column for name, column in readers.items()}})


def reader_of_column(column: str) -> str:
    """Give the reader whose diagnoses a column holds; empty where it is none.

    Examples
    --------
    >>> [reader_of_column(name) for name in ("reader1", "Reader_Ann", "rater-2_diagnosis", "reader1_confidence")]
    ['reader1', 'ann', 'rater2', '']
    """
    plain = plain_name(column)
    found = _READER.fullmatch(plain)
    if found is None or found["name"] in _NO_READER:
        return ""
    return found["name"] if found["name"].isalpha() else re.sub(r"_", "", plain[: found.end("name")])


def _reader_columns(table: ParticipantsTable) -> dict[str, str]:
    columns: dict[str, str] = {}
    for column in table.columns:
        if reader := reader_of_column(column):
            columns.setdefault(reader, column)
    return columns


def _all(rows: Sequence[tuple[Cells, int]], columns: Sequence[str]) -> list[str]:
    """List what the rows say, each in the first of the columns that says something."""
    return [next(iter(values.values())) for row, _ in rows if (values := valued(row, columns))]


def _refuse_two(path: Path, subject: str, line: int, answers: Mapping[str, Sequence[str]]) -> None:
    for what, given in answers.items():
        if len(given) > 1:
            found = f"{subject} has two answers under {what}, {' and '.join(given)}"
            raise FileRefusedError(path, f"line {line}: {found}; keep one")


def _sexes(path: Path, table: ParticipantsTable, rows: Sequence[tuple[str, Cells, int]]) -> dict[str, str]:
    said = [(text, line) for _, row, line in rows for text in _all([(row, line)], table.named(_SEX))]
    try:
        return sex_codes({text for text, _ in said})
    except ValueError as error:
        line = next((line for text, line in said if repr(text[:40]) in str(error)), 1)
        raise FileRefusedError(path, f"line {line}: {error}") from error


def _age(path: Path, table: ParticipantsTable, rows: Sequence[tuple[Cells, int]]) -> float | None:
    columns = table.named(_AGE)
    for row, line in rows:
        for column, text in valued(row, columns).items():
            written = table.columns[column].casefold()
            unit = next((word for word in ("months", "weeks", "days") if word[:-1] in written), "years")
            try:
                return age_in_years(text, unit)
            except ValueError as error:
                raise FileRefusedError(path, f"line {line}: {error}") from error
    return None


def _levels(path: Path, table: ParticipantsTable) -> dict[str, dict[str, str]]:
    """Read what the values of coded columns stand for; words that only describe a value are no names for it."""
    if not path.is_file():
        return {}
    content = read_json_object(path, "the description of participants.tsv was needed")
    coded = [*table.named(DIAGNOSIS), *table.named(_SEX), *_reader_columns(table).values()]
    found: dict[str, dict[str, str]] = {}
    for column in coded:
        entry = content.get(column)
        levels = entry.get("Levels") if isinstance(entry, dict) else None
        if isinstance(levels, dict):
            found[column] = {code: text for code, text in levels.items() if code.isdigit() and isinstance(text, str)}
    return found
