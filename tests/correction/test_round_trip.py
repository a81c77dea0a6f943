import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.exchange.marks import blank_marks
from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.core.atomic import write_text
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.target import load_target
from nnunet_ext.correction.desk import Desk, desk_regions
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.server import serve
from nnunet_ext.correction.spent import Spent
from tests.active_learning.ingest.made_round import STEMS, MadeRound
from tests.conftest import SHAPE
from tests.correction.made_desk import ASSETS, REGIONS, save_on
from tests.kills.dying import Death, run_apart


def desk_of(made: MadeRound, rater: str = "") -> Desk:
    """The desk of a rater whose folder is of a round, as it was given out."""
    cases = []
    for number, row in enumerate(made.query()):
        stem = row["case"].removeprefix("zurich_")
        output = {region: made.file(stem, region, rater) for region in REGIONS}
        given = {region: made.root / "given" / path.relative_to(made.back(rater)) for region, path in output.items()}
        image = made.pool.root / row["image"]
        cases.append(DeskCase(number, row["case"], image, row["image_sha256"], given, output))
    return Desk("Round 1", rater, tuple(cases), desk_regions(load_target("cord-lesion")), made.back(rater))


@pytest.fixture
def made(tmp_path: Path) -> MadeRound:
    made = MadeRound(tmp_path).make()
    write_text(made.back() / "marks.tsv", blank_marks(row["case"] for row in made.query()))
    return made


def at(desk: Desk, number: int) -> Desk:
    """The desk with one of its cases first."""
    return replace(desk, cases=(desk.cases[number], *(one for one in desk.cases if one.number != number)))


def test_what_was_saved_on_a_desk_is_taken_in_with_action_minutes_and_effort(made: MadeRound) -> None:
    desk = desk_of(made)
    drawn = {"sc": made.mask(region="sc") > 0, "lesion": made.more() > 0}
    same = {region: made.mask(STEMS[1], region) > 0 for region in REGIONS}
    save_on(at(desk, 0), drawn, spent=Spent(150.0))
    save_on(at(desk, 1), same, Action.ACCEPT, spent=Spent(30.0))
    save_on(at(desk, 2), same, Action.REJECT, comment="moved")
    rows = made.rows()
    edited, accepted, rejected = (rows[stem, "n/a"] for stem in STEMS)
    assert (edited["action"], edited["regions"], edited["minutes"]) == ("edit", "sc;lesion", "2.5")
    assert (edited["voxels_changed"], edited["objects_added"]) == ("1", "1")
    assert (accepted["action"], accepted["regions"], accepted["minutes"]) == ("accept", "sc;lesion", "0.5")
    assert rejected["action"] == "reject"
    assert "moved" in rejected["reason"]
    verified = made.verified / edited["mask"].split(";")[1]
    assert np.array_equal(read_mask(verified).data, drawn["lesion"])


def test_what_nobody_opened_stays_put_off(made: MadeRound) -> None:
    drawn = {"sc": made.mask(region="sc") > 0, "lesion": made.more() > 0}
    save_on(desk_of(made), drawn)
    assert [row["action"] for row in made.ingest().rows] == ["edit", "defer", "defer"]


def test_an_emptied_mask_that_was_said_to_be_so_is_taken_in(made: MadeRound) -> None:
    drawn = {"sc": made.mask(region="sc") > 0, "lesion": np.zeros(SHAPE, np.bool_)}
    save_on(desk_of(made), drawn, absent=("lesion",))
    row = made.row()
    assert (row["action"], row["objects_removed"]) == ("edit", "1")


def test_a_case_that_is_put_off_after_it_was_saved_is_not_taken_in(made: MadeRound) -> None:
    drawn = {"sc": made.mask(region="sc") > 0, "lesion": made.more() > 0}
    save_on(desk_of(made), drawn)
    save_on(desk_of(made), drawn, Action.DEFER, comment="ask bob")
    row = made.row()
    assert row["action"] == "defer"
    assert "ask bob" in row["reason"]


def test_taken_in_before_a_killed_save_was_finished_a_mask_is_put_off_and_afterwards_it_is_used(
    made: MadeRound,
) -> None:
    desk = desk_of(made)
    drawn = {"sc": made.mask(region="sc") > 0, "lesion": made.more() > 0}
    given_out = made.root.with_name("given_out")
    shutil.copytree(made.root, given_out)
    events = run_apart(lambda: len(save_on(desk, drawn).notes), made.root, {}).events
    lesion = desk.cases[0].output["lesion"].name
    death = Death(next(n for n, event in enumerate(events) if event.startswith("os.rename") and event.endswith(lesion)))
    shutil.rmtree(made.root)
    shutil.copytree(given_out, made.root)
    assert run_apart(lambda: len(save_on(desk, drawn).notes), made.root, {}, death).code == -9
    row = made.row()
    assert row["regions"] == "sc"
    assert "lesion: marks.tsv line 3: to be corrected, and as it was given out" in row["reason"]
    with serve(desk, ASSETS):
        pass
    row = made.row()
    assert (row["action"], row["regions"], row["voxels_changed"]) == ("edit", "sc;lesion", "1")


def test_several_raters_each_on_a_desk_of_their_own_are_all_taken_in(tmp_path: Path) -> None:
    made = MadeRound(tmp_path, raters=("ann", "bob"), stems=STEMS[:1]).make()
    for rater, place in (("ann", (9, 11, 10)), ("bob", (9, 11, 8))):
        drawn = {"sc": made.mask(region="sc", rater=rater) > 0, "lesion": made.more(rater=rater, at=place) > 0}
        save_on(desk_of(made, rater), drawn, spent=Spent(60.0))
    rows = made.rows()
    assert [(rows[STEMS[0], rater]["action"], rows[STEMS[0], rater]["minutes"]) for rater in ("ann", "bob")] == [
        ("edit", "1"), ("edit", "1"),
    ]  # fmt: skip


def test_nothing_that_the_desk_keeps_for_itself_is_taken_for_a_mask_or_a_mark(made: MadeRound) -> None:
    for place in ((9, 11, 10), (9, 11, 8)):
        save_on(desk_of(made), {"sc": made.mask(region="sc") > 0, "lesion": made.more(at=place) > 0})
    assert any(desk_of(made).superseded.iterdir())
    assert made.ingest().problems == ()
    assert made.row()["action"] == "edit"
