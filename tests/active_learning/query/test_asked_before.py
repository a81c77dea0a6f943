from pathlib import Path

from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.active_learning.query.asked_before import asked_before
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import table_text


def write(rounds: Rounds, number: int, asked: str, back: list[tuple[str, str, str]]) -> None:
    one = rounds.round(number)
    write_text(one.query, table_text([{"case": case} for case in asked], ["case"]))
    rows = [{"case": case, "rater": rater, "action": action} for case, rater, action in back]
    write_text(one.ingest, table_text(rows, ["case", "rater", "action"]))


def test_a_case_is_out_once_anybody_gave_it_back_whatever_came_of_it(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path)
    back = [("a", "anna", "edit"), ("b", "anna", "reject"), ("c", "anna", "defer"), ("c", "ben", "accept")]
    write(rounds, 1, "abc", back)
    assert asked_before(rounds, 2) == {"a", "b", "c"}


def test_a_case_that_all_put_off_or_that_never_came_back_can_be_asked_for_again(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path)
    write(rounds, 1, "abc", [("a", "anna", "edit"), ("b", "anna", "defer"), ("b", "consensus", "edit")])
    assert asked_before(rounds, 2) == {"a"}
    write(rounds, 2, "bd", [("b", "anna", "accept"), ("d", "anna", "defer")])
    assert asked_before(rounds, 3) == {"a", "b"}


def test_the_round_that_is_asked_for_and_a_loop_without_rounds_leave_nobody_out(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path)
    assert asked_before(rounds, 1) == frozenset()
    write(rounds, 1, "a", [("a", "anna", "edit")])
    assert asked_before(rounds, 1) == frozenset()
