from collections.abc import Mapping
from pathlib import Path

import pytest

from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.round_state import (
    BEGUN,
    EXCHANGED,
    INGESTED,
    QUERIED,
    TRAINED,
    Stage,
    read_state,
)
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.tables import table_text


@pytest.fixture
def rounds(tmp_path: Path) -> Rounds:
    """A loop that has begun."""
    rounds = Rounds(tmp_path / "rounds")
    Journal(rounds.journal).append(BEGUN, {"persons": [], "cases": [], "plans": {}})
    return rounds


def ask(one: Round, cases: Mapping[str, str]) -> None:
    """Ask a rater for each case."""
    rows = [{"case": case, "rater": rater} for case, rater in cases.items()]
    write_text(one.query, table_text(rows, ["case", "rater"]))


def take_in(one: Round, actions: Mapping[tuple[str, str], str]) -> None:
    rows = [{"case": case, "rater": rater, "action": action} for (case, rater), action in actions.items()]
    write_text(one.ingest, table_text(rows, ["case", "rater", "action"]))


def note(rounds: Rounds, event: str, number: int = 1) -> None:
    Journal(rounds.journal).append(event, {"round": number})


def test_a_loop_without_a_journal_or_without_a_round_is_before_the_first(rounds: Rounds) -> None:
    assert read_state(Rounds(rounds.root / "none")).stage is Stage.NONE
    state = read_state(rounds)
    assert (state.number, state.stage, state.problems) == (0, Stage.NONE, ())
    assert state.since


def test_a_table_that_the_journal_does_not_know_is_not_done_yet(rounds: Rounds) -> None:
    ask(rounds.round(1), {"a": "n/a"})
    assert read_state(rounds).stage is Stage.NONE


def test_a_round_goes_from_stage_to_stage_and_the_next_one_begins_anew(rounds: Rounds) -> None:
    one = rounds.round(1)
    ask(one, {"a": "n/a", "b": "n/a"})
    seen = []
    for event in (QUERIED, EXCHANGED):
        note(rounds, event)
        seen.append(read_state(rounds).stage)
    take_in(one, {("a", "n/a"): "edit"})
    note(rounds, INGESTED)
    seen.append(read_state(rounds).stage)
    assert read_state(rounds).left == {"n/a": 1}
    take_in(one, {("a", "n/a"): "edit", ("b", "n/a"): "reject"})
    note(rounds, INGESTED)
    seen.append(read_state(rounds).stage)
    note(rounds, TRAINED)
    seen.append(read_state(rounds).stage)
    ask(rounds.round(2), {"c": "n/a"})
    note(rounds, QUERIED, 2)
    seen.append(read_state(rounds).stage)
    correcting = [Stage.CORRECTING, Stage.CORRECTING]
    assert seen == [Stage.QUERIED, *correcting, Stage.INGESTED, Stage.TRAINED, Stage.QUERIED]
    assert read_state(rounds).number == 2
    assert rounds.numbers() == (1, 2)


def test_each_rater_has_left_what_is_not_back_and_what_was_deferred(rounds: Rounds) -> None:
    one = rounds.round(1)
    rows = [{"case": case, "rater": rater} for case in "abc" for rater in ("anna", "ben")]
    write_text(one.query, table_text(rows, ["case", "rater"]))
    note(rounds, EXCHANGED)
    take_in(one, {("a", "anna"): "accept", ("b", "anna"): "defer", ("c", "anna"): "reject", ("x", "ben"): "edit"})
    state = read_state(rounds)
    assert state.asked == {"anna": 3, "ben": 3}
    assert state.left == {"anna": 1, "ben": 3}


def test_what_several_raters_see_differently_is_left_for_people_to_settle(rounds: Rounds) -> None:
    one = rounds.round(1)
    rows = [{"case": "a", "rater": rater} for rater in ("anna", "ben")]
    write_text(one.query, table_text(rows, ["case", "rater"]))
    note(rounds, EXCHANGED)
    note(rounds, INGESTED)
    take_in(one, {("a", "anna"): "edit", ("a", "ben"): "defer", ("a", "consensus"): "defer"})
    assert read_state(rounds).left == {"anna": 0, "ben": 1}
    both = {("a", "anna"): "edit", ("a", "ben"): "accept"}
    take_in(one, {**both, ("a", "consensus"): "defer"})
    assert read_state(rounds).stage is Stage.CORRECTING
    assert read_state(rounds).left == {"anna": 0, "ben": 0, "consensus": 1}
    take_in(one, {**both, ("a", "consensus"): "edit"})
    assert read_state(rounds).stage is Stage.INGESTED


def test_everything_back_counts_when_the_journal_says_so(rounds: Rounds) -> None:
    ask(rounds.round(1), {"a": "n/a"})
    note(rounds, EXCHANGED)
    take_in(rounds.round(1), {("a", "n/a"): "accept"})
    assert read_state(rounds).stage is Stage.CORRECTING
    note(rounds, INGESTED)
    assert read_state(rounds).stage is Stage.INGESTED


def test_files_that_are_not_as_the_journal_says_last_are_named(rounds: Rounds) -> None:
    one = rounds.round(1)
    ask(one, {"a": "n/a"})
    name = one.query.relative_to(rounds.root).as_posix()
    journal = Journal(rounds.journal)
    journal.append(QUERIED, {"round": 1, "files": {name: "0" * 64}})
    assert read_state(rounds).problems == ("round-001/query.tsv was changed since it was written",)
    journal.append(QUERIED, {"round": 1, "files": {name: sha256(one.query)}})
    assert read_state(rounds).problems == ()
    one.query.unlink()
    assert read_state(rounds).problems == ("round-001/query.tsv is gone",)
    assert read_state(rounds).asked == {}
