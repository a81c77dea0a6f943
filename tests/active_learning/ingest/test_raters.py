from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.active_learning.ingest.job import Returned
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.tables import read_table
from tests.active_learning.ingest.made_round import STEMS, MadeRound
from tests.conftest import SHAPE

CASE = STEMS[0]
RATERS = ("ann", "bob", "cy")


@pytest.fixture
def made(tmp_path: Path) -> MadeRound:
    return MadeRound(tmp_path, raters=RATERS, stems=(CASE,)).make()


def edit(made: MadeRound, **voxels: list[tuple[int, int, int]]) -> None:
    """Let raters accept the cord, and add voxels to the lesions."""
    for rater, added in voxels.items():
        mask = made.mask(rater=rater).copy()
        for at in added:
            mask[at] = 1
        made.draw(mask, rater=rater)
        made.accept(CASE, rater=rater)


def test_several_raters_make_one_mask_by_vote_and_keep_their_own(made: MadeRound) -> None:
    edit(made, ann=[(9, 11, 10), (9, 11, 8)], bob=[(9, 11, 10)], cy=[])
    rows = made.rows()
    assert [(rater, row["action"]) for (_, rater), row in rows.items()] == [
        ("ann", "edit"), ("bob", "edit"), ("cy", "accept"), ("consensus", "edit"),
    ]  # fmt: skip
    consensus = rows[CASE, "consensus"]
    assert consensus["reason"] == "majority of ann, bob, cy"
    assert consensus["voxels_changed"] == "n/a"  # nobody's work
    voted = read_mask(made.verified / consensus["mask"].split(";")[1]).data
    assert (voted[9, 11, 10], voted[9, 11, 8]) == (1, 0)
    assert "derivatives/labels/" in consensus["mask"]
    own = rows[CASE, "ann"]["mask"].split(";")[1]
    assert "derivatives/labels-ann/" in own
    assert np.array_equal(read_mask(made.verified / own).data, made.mask(rater="ann"))


def test_agreement_is_told_for_each_region_rater_and_consensus(made: MadeRound) -> None:
    edit(made, ann=[(9, 11, 10)], bob=[(9, 11, 10)], cy=[])
    made.ingest()
    rows = read_table(made.verified.parent / "agreement.tsv")
    dice = {(row["region"], row["rater"], row["against"]): float(row["dice"]) for row in rows}
    lesion = int(made.mask(rater="cy").sum())
    assert dice["lesion", "ann", "bob"] == 1
    assert dice["lesion", "ann", "cy"] == 2 * lesion / (2 * lesion + 1)
    assert dice["sc", "bob", "majority"] == dice["sc", "cy", "staple_of_others"] == 1


def test_staple_is_taken_where_it_is_asked_for(made: MadeRound) -> None:
    edit(made, ann=[(9, 11, 10)], bob=[(9, 11, 10)], cy=[])
    row = made.row(rater="consensus", consensus="staple")
    assert row["reason"] == "staple of ann, bob, cy"
    assert row["action"] == "edit"


def test_raters_who_differ_are_listed_for_a_person_to_decide(made: MadeRound) -> None:
    edit(made, ann=[(9, 11, 10)], bob=[(9, 11, 10)], cy=[])
    row = made.row(rater="consensus", consensus="adjudicate")
    assert (row["action"], row["reason"]) == ("defer", "lesion: to adjudicate: raters differ")
    (listed,) = read_table(made.verified.parent / "adjudicate.tsv")
    assert (listed["case"], listed["region"], listed["raters"]) == (f"zurich_{CASE}", "lesion", "ann bob cy")
    assert 0 < float(listed["lowest_dice"]) < 1


def test_a_folder_of_the_consensus_decides(made: MadeRound) -> None:
    edit(made, ann=[(9, 11, 10)], bob=[], cy=[])
    returned = (*made.job().returned, Returned("consensus", made.back("ann")))
    row = made.row(rater="consensus", consensus="adjudicate", returned=returned)
    assert (row["action"], row["voxels_changed"]) == ("edit", "1")
    assert not read_table(made.verified.parent / "adjudicate.tsv")


def test_one_who_rejects_what_others_use_calls_for_a_person(made: MadeRound) -> None:
    edit(made, ann=[], bob=[], cy=[])
    made.mark([{"case": CASE, "action": "reject"}], rater="cy")
    row = made.row(rater="consensus")
    assert row["action"] == "defer"
    assert "lesion: to adjudicate: rejected by cy, and not by the others" in row["reason"]


def test_all_who_reject_reject_and_one_who_puts_off_has_no_say(made: MadeRound) -> None:
    edit(made, ann=[(9, 11, 10)], bob=[(9, 11, 10)])
    row = made.row(rater="consensus")
    assert (row["action"], row["reason"]) == ("edit", "majority of ann, bob; cy: defer")
    for rater in RATERS:
        made.mark([{"case": CASE, "action": "reject"}], rater=rater)
    assert made.row(rater="consensus")["action"] == "reject"


def test_lesions_that_no_two_raters_drew_in_one_place_call_for_a_person(made: MadeRound) -> None:
    for rater, at in zip(RATERS, (2, 5, 8), strict=True):
        mask = np.zeros(SHAPE, np.uint8)
        mask[7, 9, at] = 1
        made.draw(mask, rater=rater)
    assert "their majority is empty" in made.row(rater="consensus")["reason"]


def test_raters_are_compared_in_the_slices_that_all_looked_at(made: MadeRound) -> None:
    edit(made, ann=[(9, 11, 10)], bob=[], cy=[])
    for rater, slices in zip(RATERS, ("3-8", "5-11", "n/a"), strict=True):
        made.mark([{"case": CASE, "action": "accept", "slices": slices}], rater=rater)
    row = made.row(rater="consensus", consensus="adjudicate")
    assert (row["action"], row["slices"]) == ("edit", "k:5-8")


def test_the_masks_of_raters_in_one_folder_are_told_by_their_names(made: MadeRound) -> None:
    for rater, at in (("ann", 10), ("bob", 8)):
        own = made.draw(made.more(rater=rater, at=(9, 11, at)), rater=rater)
        own.rename(made.back("cy") / f"sub-1_T2w_desc-{rater}_label-lesion_seg.nii.gz")
    shared = tuple(Returned(rater, made.back("cy")) for rater in RATERS)
    rows = made.rows(returned=shared)
    assert [rows[CASE, rater]["action"] for rater in RATERS] == ["edit", "edit", "defer"]
    first, second = (read_mask(made.verified / rows[CASE, rater]["mask"]).data for rater in ("ann", "bob"))
    assert (first[9, 11, 10], first[9, 11, 8], second[9, 11, 8]) == (1, 0, 1)


def test_who_decides_and_says_nothing_decides_nothing(made: MadeRound) -> None:
    edit(made, ann=[(9, 11, 10)], bob=[], cy=[])
    returned = (*made.job().returned, Returned("consensus", made.root / "given"))
    row = made.row(rater="consensus", consensus="adjudicate", returned=returned)
    assert row["action"] == "defer"
    assert "consensus: lesion: as it was given out, and nobody said that it is right" in row["reason"]
    assert made.row(rater="consensus", returned=returned)["action"] == "edit"
