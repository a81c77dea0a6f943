from pathlib import Path

import pytest

from nnunet_ext.classification.cases.participants import reader_of_column
from nnunet_ext.core.errors import FileRefusedError
from tests.classification.cases.lab import participants, write


def test_columns_are_known_as_people_write_them(tmp_path: Path) -> None:
    found = participants(
        tmp_path,
        "participant_id | DX | Age at scan [years] | Gender | Center | reader1 | rater-2_diagnosis | reader_ann | note",
        "sub-01 | RRMS | 34,5 | 2 | Bern | NMO | MS | n/a | x",
        "02 | n/a | n/a | 1 | n/a | n/a | n/a | MS | x",
    )
    one, two = found.of_subject["sub-01"], found.of_subject["sub-02"]
    assert (one.diagnoses, one.age, one.sex, one.site) == (("RRMS",), 34.5, "F", "Bern")
    assert one.readers == {"reader1": "NMO", "rater2": "MS"}
    assert (two.diagnoses, two.age, two.sex, two.site, two.readers) == ((), None, "M", "", {"ann": "MS"})
    assert found.columns["diagnosis"] == "DX"
    assert found.columns["age"] == "Age at scan [years]"


@pytest.mark.parametrize("column", ["reader1_confidence", "n_readers", "readers", "expert", "rater_notes", "reader"])
def test_a_column_about_readers_is_no_reader(column: str) -> None:
    assert reader_of_column(column) == ""


def test_the_first_diagnosis_column_with_a_value_counts(tmp_path: Path) -> None:
    found = participants(
        tmp_path, "participant_id | group | diagnosis", "sub-01 | patient | MS", "sub-02 | NMOSD | n/a"
    )
    assert [found.of_subject[name].diagnoses for name in ("sub-01", "sub-02")] == [("MS",), ("NMOSD",)]


def test_ages_in_months_are_years(tmp_path: Path) -> None:
    found = participants(tmp_path, "participant_id | age (months)", "sub-01 | 18")
    assert found.of_subject["sub-01"].age == 1.5


def test_codes_mean_what_the_tables_description_says(tmp_path: Path) -> None:
    write(
        tmp_path / "participants.json",
        '{"sex": {"Levels": {"0": "female", "1": "male"}}, "group": {"Levels": {"1": "MS", "MS": "a long story"}}}',
    )
    rows = ("participant_id | sex | group", "sub-01 | 0 | 1", "sub-02 | 1 | MS")
    found = participants(tmp_path, *rows).of_subject
    assert [found[name].sex for name in found] == ["F", "M"]
    assert [found[name].diagnoses for name in found] == [("MS",), ("MS",)]
    (tmp_path / "participants.json").unlink()
    with pytest.raises(FileRefusedError, match="0 and 1 without a 2"):
        participants(tmp_path, *rows)


def test_rows_of_several_visits_are_one_participant(tmp_path: Path) -> None:
    found = participants(
        tmp_path,
        "participant_id | session | age | sex | dx",
        "sub-01 | 1 | n/a | F | MS",
        "sub-01 | 2 | 31 | n/a | RRMS",
    )
    one = found.of_subject["sub-01"]
    assert (one.age, one.sex, one.diagnoses) == (31, "F", ("MS", "RRMS"))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("sub-01 | 30 | F | MS", "sub-02 | old | F | MS"), "line 3: an age was needed, found 'old'"),
        (("sub-01 | 30 | F | MS", "sub-02 | 30 | ? | MS"), r"line 3: sex was needed, found '\?'"),
        (("sub-01 | 30 | F | MS", "sub-01 | 30 | M | MS"), "line 3: sub-01 has two answers under sex, F and M"),
        (("sub-01 | 30 | F | MS", "sub-01 | 30 | F | NMO"), "line 3: sub-01 has two answers under reader1, MS and NMO"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(tmp_path: Path, rows: tuple[str, ...], said: str) -> None:
    with pytest.raises(FileRefusedError, match=said):
        participants(tmp_path, "participant_id | age | sex | reader1", *rows)


def test_no_table_says_nothing(tmp_path: Path) -> None:
    assert participants(tmp_path).of_subject == {}
