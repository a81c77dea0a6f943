from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.claim import claim
from nnunet_ext.active_learning.exchange.page_cases import page_cases
from nnunet_ext.active_learning.exchange.sent_masks import read_sent
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.round_state import TRAINED
from nnunet_ext.active_learning.settings import read_settings
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_probability
from nnunet_ext.core.tables import read_table
from tests.active_learning.loop import Loop
from tests.cli.correct.desk_process import DeskProcess, desk_process

TreeHash = Callable[[Path], str]
CASES = {f"geneva_sub-g{number}_T2w" for number in range(3)}


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    """A loop of one rater without a name, who was given all three cases of the pool."""
    return given_out(tmp_path)


@pytest.fixture
def two(tmp_path: Path) -> Loop:
    """A loop of two raters, both of whom were given all three cases."""
    return given_out(tmp_path, "anna", "ben")


def given_out(root: Path, *raters: str) -> Loop:
    loop = Loop(root).write()
    code, said = loop.init(*(["--raters", *raters] if raters else []))
    assert code == 0, said
    loop.hand_out(*raters)
    return loop


def correct(loop: Loop, *arguments: object) -> tuple[int, str]:
    return loop.call("active", "correct", loop.rounds.root, "--no-browser", *arguments)


def masks_of(loop: Loop, case: str, rater: str = "") -> dict[str, np.ndarray]:
    """Give the masks of a case as they were predicted."""
    home = loop.rounds.round(1).to_correct
    sent = [mask for mask in read_sent(home) if (mask.case, mask.rater) == (case, rater)]
    return {mask.region: read_mask(home / mask.predicted).data > 0 for mask in sent}


def more_of(masks: dict[str, np.ndarray], at: int = 10) -> dict[str, np.ndarray]:
    lesion = masks["lesion"].copy()
    lesion[9, 11, at] = True
    return {**masks, "lesion": lesion}


def save(desk: DeskProcess, number: int, action: str, seconds: float = 0) -> str:
    """Open a case, edit it where that is what is said, and save it; give its name."""
    tab = desk.tab
    name = next(case["name"] for case in tab.get("queue").json["cases"] if case["id"] == number)
    masks = desk.open(number)
    effort = {"seconds": seconds, "clicks": 2, "strokes": 1, "tools": {"brush": 1}}
    said = tab.save(more_of(masks) if action == "edit" else masks, action, number, effort=effort)
    assert said.json.get("action") == action, said.content
    return str(name)


def test_what_is_saved_at_the_desk_is_what_ingest_takes_in(loop: Loop, tree_hash: TreeHash) -> None:
    one = loop.rounds.round(1)
    for region in ("sc", "lesion"):
        grid = read_mask(one.to_correct / read_sent(one.to_correct)[0].predicted)
        write_probability(one.probability("geneva_sub-g0_T2w", region), grid.data * np.float32(0.5), grid.affine)
    pool = tree_hash(loop.geneva.root)
    with desk_process("active", "correct", loop.rounds.root, "--no-browser") as desk:
        cases = desk.tab.get("queue").json
        assert (cases["title"], cases["blind"], {case["name"] for case in cases["cases"]}) == ("Round 1", True, CASES)
        order = [page.case for page in page_cases(one.to_correct, read_settings(loop.rounds.settings).seed)]
        assert [case["name"] for case in cases["cases"]] == order
        likely = {case["name"]: desk.tab.open(case["id"]).json["probabilities"] for case in cases["cases"]}
        assert likely == {name: ["sc", "lesion"] if name.endswith("g0_T2w") else [] for name in CASES}
        code, status = loop.call("active", "status", loop.rounds.root)  # nobody is kept from the loop meanwhile
        assert code == 0
        assert "held by    nobody" in status
        edited, accepted = save(desk, 1, "edit"), save(desk, 2, "accept")
        rejected = save(desk, 3, "reject")
        code, said, warned = desk.interrupt()
    assert (code, warned) == (0, "")
    assert "ended: 3 of 3 cases are saved" in said
    assert f"next: nnunet_ext active ingest {loop.rounds.root}" in said
    code, said = loop.call("active", "ingest", loop.rounds.root)
    assert code == 0, said
    rows = {row["case"]: row for row in read_table(one.ingest)}
    assert {case: row["action"] for case, row in rows.items()} == {
        edited: "edit", accepted: "accept", rejected: "reject",
    }  # fmt: skip
    assert rows[edited]["voxels_changed"] == "1"
    mask = next(path for path in rows[edited]["mask"].split(";") if "lesion" in path)
    assert np.array_equal(read_mask(one.corrected / mask).data > 0, more_of(masks_of(loop, edited))["lesion"])
    assert tree_hash(loop.geneva.root) == pool
    code, said = correct(loop)
    assert code == 2
    assert (
        f"all of round 1 is back, and nothing is left to correct; type: nnunet_ext active train {loop.rounds.root}"
        in said
    )


def test_minutes_at_the_desk_end_in_the_tables_of_the_round(loop: Loop) -> None:
    with desk_process("active", "correct", loop.rounds.root, "--no-browser") as desk:
        name, table = save(desk, 1, "edit"), loop.rounds.round(1).to_correct / "effort.tsv"
        while (read_table(table)[0].number("seconds") or 0) < 0.6:
            save(desk, 1, "edit", seconds=3600)  # of which no more counts than has passed
        assert desk.interrupt()[0] == 0
    one = loop.rounds.round(1)
    (spent,) = read_table(table)
    assert (spent["case"], spent["clicks"], spent["strokes"], spent["tools"]) == (name, "2", "1", "brush 1")
    assert loop.call("active", "ingest", loop.rounds.root)[0] == 0
    rows = {row["case"]: row for row in read_table(one.ingest)}
    seconds = spent.number("seconds")
    assert seconds is not None
    assert 0 < seconds < 60
    assert rows[name].number("minutes") == pytest.approx(seconds / 60, abs=0.006)


def test_a_round_s_own_folder_is_corrected_by_the_verb_of_the_loop(two: Loop) -> None:
    home = two.rounds.round(1).to_correct
    for folder in (home, home / "anna"):
        code, said = two.call("correct", folder)
        assert code == 2
        assert "nnunet_ext active correct ROUNDS" in said


def test_a_rater_sees_their_own_cases_and_several_have_to_be_named(two: Loop) -> None:
    code, said = correct(two)
    assert code == 2
    assert "one of those who were asked was needed (anna, ben), found none" in said
    assert f"type: nnunet_ext active correct {two.rounds.root} --rater anna" in said
    assert "found 'carla'" in correct(two, "--rater", "carla")[1]
    with desk_process("active", "correct", two.rounds.root, "--no-browser", "--rater", "ben") as desk:
        save(desk, 1, "edit")
        asked = desk.tab.get("queue").content.decode()
        assert desk.interrupt()[0] == 0
    assert "anna" not in asked
    home = two.rounds.round(1).to_correct
    assert (home / "ben" / "effort.tsv").is_file()
    assert not (home / "anna" / "effort.tsv").exists()


def test_where_raters_differ_somebody_settles_it_at_a_desk_of_the_consensus(two: Loop) -> None:
    settings = two.rounds.settings
    write_text(settings, settings.read_text().replace('consensus = "majority"', 'consensus = "adjudicate"'))
    assert "raters differ in no case" in correct(two, "--rater", "consensus")[1]
    for rater, at in (("anna", 1), ("ben", 0)):
        with desk_process("active", "correct", two.rounds.root, "--no-browser", "--rater", rater) as desk:
            for number in (1, 2, 3):
                save(desk, number, "edit" if at and number == 2 else "accept")
    code, said = two.call("active", "ingest", two.rounds.root)
    assert code == 0, said
    with desk_process("active", "correct", two.rounds.root, "--no-browser", "--rater", "consensus") as desk:
        (case,) = desk.tab.get("queue").json["cases"]
        assert case["reason"] == "lesion: raters differ; it begins with the masks of anna"
        drawn = desk.open(case["id"])
        assert np.array_equal(drawn["lesion"], more_of(masks_of(two, case["name"], "anna"))["lesion"])
        assert desk.tab.save(drawn, "accept", case["id"]).json["action"] == "accept"
        assert desk.interrupt()[0] == 0
    code, said = two.call("active", "ingest", two.rounds.root)
    assert code == 0, said
    assert "3 cases can be trained on, 0 corrections are not back; next: nnunet_ext active train" in said


def test_nothing_is_written_into_a_round_that_is_held_or_over_and_what_was_drawn_stays_a_draft(loop: Loop) -> None:
    with desk_process("active", "correct", loop.rounds.root, "--no-browser") as desk:
        tab, masks = desk.tab, more_of(desk.open())
        before = {path: path.read_bytes() for path in loop.rounds.round(1).to_correct.rglob("sub-*.nii.gz")}
        with claim(loop.rounds):
            said = tab.save(masks)
            assert (said.status, "the loop is held by" in said.json["reasons"][0]) == (422, True)
        Journal(loop.rounds.journal).append(TRAINED, {"round": 1})
        said = tab.save(masks)
        assert (said.status, "taken in or trained meanwhile" in said.json["reasons"][0]) == (422, True)
        assert tab.get("queue").json["cases"][0]["state"] == "draft"
        assert desk.interrupt()[0] == 0
    assert {path: path.read_bytes() for path in before} == before
    code, told = correct(loop)
    assert code == 2
    assert f"begin the next: nnunet_ext active query {loop.rounds.root}" in told
