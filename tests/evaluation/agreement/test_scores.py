from pathlib import Path

import pytest

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.evaluation.agreement.scores import match_scores, read_scores
from nnunet_ext.phantom.bids import PARTICIPANT_COLUMNS
from tests.evaluation.agreement.tables import write_participants

ROWS = [
    {"participant_id": "sub-01", "age": 40, "sex": "F", "motor_score": 50, "edss": "n/a"},
    {"participant_id": "sub-02", "age": 50, "sex": "M", "motor_score": "n/a", "edss": "n/a"},
]


def test_scores_are_columns_of_numbers_that_do_not_describe_the_person(tmp_path: Path) -> None:
    found = read_scores(write_participants(tmp_path, ROWS))
    assert found.names == ("motor_score",)
    assert found.values == {"sub-01": {"motor_score": 50.0}, "sub-02": {"motor_score": None}}
    assert set(found.left_out) == {"age", "sex", "edss"}


def test_what_is_asked_for_is_taken_even_an_age(tmp_path: Path) -> None:
    assert read_scores(write_participants(tmp_path, ROWS), ["age"]).names == ("age",)


@pytest.mark.parametrize(("wanted", "why"), [("sex", "no numbers"), ("mjoa", "mjoa were needed"), ("edss", "no value")])
def test_what_cannot_be_a_score_is_refused_when_asked_for(tmp_path: Path, wanted: str, why: str) -> None:
    with pytest.raises(FileRefusedError, match=why):
        read_scores(write_participants(tmp_path, ROWS), [wanted])


def test_a_participant_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="found more for sub-01"):
        read_scores(write_participants(tmp_path, [ROWS[0], ROWS[0]]))


def test_the_phantoms_columns_are_read(tmp_path: Path) -> None:
    row = dict.fromkeys(PARTICIPANT_COLUMNS, "7") | {"sex": "F", "site": "x", "pathology": "sci"}
    found = read_scores(write_participants(tmp_path, [{"participant_id": "sub-01", **row}]))
    assert found.names == ("motor_score", "sensory_score", "edss", "mjoa")


def test_subjects_are_found_by_their_whole_or_own_name(tmp_path: Path) -> None:
    scores = read_scores(write_participants(tmp_path, [*ROWS, {**ROWS[0], "participant_id": "paris_sub-03"}]))
    found = match_scores(scores, [("zurich_sub-01", "sub-01"), ("paris_sub-03", "sub-03"), ("paris_sub-9", "sub-9")])
    assert set(found) == {"zurich_sub-01", "paris_sub-03"}


def test_two_subjects_of_one_name_get_nobodys_score(tmp_path: Path) -> None:
    scores = read_scores(write_participants(tmp_path, ROWS))
    assert match_scores(scores, [("zurich_sub-01", "sub-01"), ("paris_sub-01", "sub-01")]) == {}


TABLE = (
    "Participant ID\tmJOA\tEDSS\tASIA\tnote\n"
    'sub-01\t12\t2,5\tC\t5" scar\n'
    'sub-02\t-\t3.5\tD\t"open\n'
    "sub-03\t15\tn/a\tD\n"
    "sub-04\t17\t6\t\tsäge\n"
    "\t44\t\t\tmean\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_table_as_people_keep_it_gives_every_score_that_is_clear(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "participants.tsv"
    path.write_bytes(TABLE.encode(encoding))
    found = read_scores(path, ["mjoa", "EDSS"])
    assert {name: list(row.values()) for name, row in found.values.items()} == {
        "sub-01": [12, 2.5], "sub-02": [None, 3.5], "sub-03": [15, None], "sub-04": [17, 6]
    }  # fmt: skip
    assert found.rows_left_out == ("line 6 has no participant_id",)
    assert read_scores(path).left_out == {
        "ASIA": "no numbers: words in 3 of 4 rows, first in line 2",
        "note": "no numbers: words in 3 of 4 rows, first in line 2",
    }


def test_a_comma_that_may_stand_after_thousands_is_no_number_beside_points(tmp_path: Path) -> None:
    path = tmp_path / "participants.tsv"
    path.write_text("participant_id\tsteps\tload\nsub-01\t1,234\t1,234\nsub-02\t999.5\t2,5\n")
    found = read_scores(path)
    assert found.names == ("load",)
    assert "after thousands" in found.left_out["steps"]
