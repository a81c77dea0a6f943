import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.round_state import EXCHANGED, INGESTED, QUERIED, TRAINED
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.tables import read_table, table_text
from tests.active_learning.loop import Loop

TreeHash = Callable[[Path], str]


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    """A loop of two raters that has begun, without any label."""
    loop = Loop(tmp_path).write()
    code, said = loop.init("--raters", "anna", "ben")
    assert code == 0, said
    return loop


def asked(loop: Loop) -> None:
    rows = [{"case": case, "rater": rater} for case, rater in (("a", "anna"), ("b", "anna"), ("c", "ben"))]
    write_text(loop.rounds.round(1).query, table_text(rows, ["case", "rater"]))


def note(loop: Loop, event: str) -> None:
    Journal(loop.rounds.journal).append(event, {"round": 1})


def back(loop: Loop, cases: dict[str, str]) -> None:
    rows = [{"case": case, "rater": rater, "action": "edit"} for case, rater in cases.items()]
    write_text(loop.rounds.round(1).ingest, table_text(rows, ["case", "rater", "action"]))


def test_before_the_first_round_the_next_command_is_query(loop: Loop) -> None:
    told = loop.status()
    assert (told["round"], told["stage"], told["holder"]) == (0, "none", None)
    assert (told["pool"], told["new_in_pool"], told["problems"]) == (3, 0, [])
    assert told["next"] == f"nnunet_ext active query {loop.rounds.root}"


def test_each_stage_has_its_next_command(loop: Loop) -> None:
    asked(loop)
    steps = []
    for event in (QUERIED, EXCHANGED, INGESTED, TRAINED):
        if event == INGESTED:
            back(loop, {"a": "anna", "b": "anna", "c": "ben"})
        note(loop, event)
        told = loop.status()
        steps.append((told["stage"], told["next"].split()[2]))
    assert steps == [("queried", "query"), ("correcting", "ingest"), ("ingested", "train"), ("trained", "query")]


def test_one_screen_says_what_each_rater_has_left_and_what_to_type(loop: Loop) -> None:
    asked(loop)
    note(loop, EXCHANGED)
    back(loop, {"a": "anna"})
    code, said = loop.call("active", "status", loop.rounds.root)
    assert code == 0
    lines = said.splitlines()
    assert len(lines) <= 24
    assert "rater      anna: 1 of 2 cases left" in lines
    assert "rater      ben: 1 of 1 cases left" in lines
    assert "held by    nobody" in lines
    assert lines[-2] == f"next       correct: nnunet_ext active correct {loop.rounds.root} --rater anna"
    assert f"with any viewer what lies in {loop.rounds.round(1).to_correct}; then: " in lines[-1]
    assert lines[-1].endswith(f"nnunet_ext active ingest {loop.rounds.root}")
    assert loop.status()["left"] == {"anna": 1, "ben": 1}


def test_it_says_who_holds_the_loop_and_writes_nothing(loop: Loop, tree_hash: TreeHash) -> None:
    with claim(loop.rounds):
        before = tree_hash(loop.rounds.root)
        told = loop.status()
        code, said = loop.call("active", "status", loop.rounds.root)
        assert tree_hash(loop.rounds.root) == before
    assert code == 0
    assert re.search(rf"held by    .* on .*, process {told['holder']['pid']}, since 2", said)


def test_images_that_have_come_since_are_counted(loop: Loop) -> None:
    loop.geneva.image("sub-g0_ses-2_T2w")
    loop.geneva.image("sub-new_T2w")
    assert loop.status()["new_in_pool"] == 2


def test_a_pool_that_is_not_there_now_is_said_and_no_failure(loop: Loop) -> None:
    loop.geneva.root.rename(loop.root / "unmounted")
    (problem,) = loop.status()["problems"]
    assert "the folder of the pool geneva was needed, and is not there" in problem
    assert loop.status()["pool"] == 3


def test_a_folder_without_a_loop_is_a_usage_error(tmp_path: Path) -> None:
    code, said = Loop(tmp_path).call("active", "status", tmp_path)
    assert (code, f"nnunet_ext active init {tmp_path} --pool BIDS" in said) == (2, True)


def test_a_loop_whose_init_was_killed_is_to_be_begun_again(loop: Loop) -> None:
    loop.rounds.journal.unlink()
    told = loop.status()
    assert told["problems"] == ["init has not come to its end"]
    assert told["next"] == f"nnunet_ext active init {loop.rounds.root}"


def test_a_damaged_journal_is_refused_by_its_line(loop: Loop) -> None:
    note(loop, QUERIED)
    loop.rounds.journal.write_text(loop.rounds.journal.read_text().replace('"round": 1', '"round": 2'))
    code, said = loop.call("active", "status", loop.rounds.root)
    assert (code, "line 2 is not what was written there" in said) == (3, True)


def test_status_answers_without_torch(loop: Loop) -> None:
    code = (
        "import sys\n"
        "from nnunet_ext.cli.main import main\n"
        f"main(['active', 'status', {str(loop.rounds.root)!r}, '--json'])\n"
        "print(sorted({'torch', 'nnunetv2'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told, heavy = done.stdout.splitlines()
    assert json.loads(told)["round"] == 0
    assert heavy == "[]"


def test_cases_that_wait_for_adjudication_are_named_and_train_comes_after(loop: Loop) -> None:
    asked(loop)
    note(loop, EXCHANGED)
    note(loop, INGESTED)
    back(loop, {"a": "anna", "b": "anna", "c": "ben"})
    rows = [*read_table(loop.rounds.round(1).ingest), {"case": "a", "rater": "consensus", "action": "defer"}]
    write_text(loop.rounds.round(1).ingest, table_text(rows, ["case", "rater", "action"]))
    dispute = {"case": "a", "region": "lesion", "raters": "anna ben", "lowest_dice": "0.2", "reason": "raters differ"}
    write_text(loop.rounds.round(1).folder / "adjudicate.tsv", table_text([dispute], list(dispute)))
    told = loop.status()
    assert (told["stage"], told["left"]["consensus"], told["adjudicate"]) == ("correcting", 1, [dispute])
    lines = loop.call("active", "status", loop.rounds.root)[1].splitlines()
    assert "all raters are done, and differ where somebody must decide" in lines[0]
    assert "adjudicate a, lesion: raters differ" in lines
    assert "waiting    1 cases in which raters differ; train refuses this round until then" in lines
    place = loop.rounds.round(1).to_correct / "consensus"
    assert lines[-2] == f"next       settle: nnunet_ext active correct {loop.rounds.root} --rater consensus"
    assert f"save the masks that are to count in {place}; then: nnunet_ext active ingest" in lines[-1]


def test_rounds_that_are_planned_are_counted_and_after_the_last_comes_the_report(loop: Loop) -> None:
    settings = loop.rounds.settings
    write_text(settings, settings.read_text().replace("rounds = 0", "rounds = 1"))
    asked(loop)
    note(loop, EXCHANGED)
    assert "round 1 of 1: people are correcting" in loop.call("active", "status", loop.rounds.root)[1]
    note(loop, TRAINED)
    told = loop.status()
    assert (told["planned"], told["next"]) == (1, f"nnunet_ext active report {loop.rounds.root}")
