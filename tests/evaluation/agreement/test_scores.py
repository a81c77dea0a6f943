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
