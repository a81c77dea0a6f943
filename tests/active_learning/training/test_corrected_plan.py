from dataclasses import replace

import pytest

from nnunet_ext.active_learning.ingest.for_training import TrainingCase
from nnunet_ext.active_learning.pool import plan_pool
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.active_learning.training.corrected_plan import Corrections, added_in_round, corrected_plan
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.source import Source
from tests.conftest import SmallBids


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Corrections]:
    """Three patients at two sites, one of whom was scanned twice; all cords were corrected."""
    bids = SmallBids(tmp_path_factory.mktemp("loop") / "pool")
    stems = ("sub-1_T2w", "sub-2_ses-1_T2w", "sub-2_ses-2_T2w", "sub-3_T2w")
    masks = {stem: bids.labels(stem)["sc"] for stem in stems}
    for stem in stems:
        bids.image(stem)
    sites = ("bern", "bern", "oslo")
    bids.participants([{"participant_id": f"sub-{at}", "site": site} for at, site in enumerate(sites, start=1)])
    plan = plan_pool([Source("pool", bids.root)], ActiveSettings(target="cord-lesion", pool=()), None)
    cases = [TrainingCase(f"pool_{stem}", {"sc": (mask, sha256(mask))}, {"sc": None}) for stem, mask in masks.items()]
    return plan, Corrections(cases, bids.root, 3)


def test_corrected_cases_are_trained_on_with_the_masks_that_were_taken_in(pool: tuple[Plan, Corrections]) -> None:
    plan, corrections = pool
    made = corrected_plan(plan, corrections)
    assert [case.case for case in made.cases] == [one.case for one in corrections.cases]
    assert {(case.split, added_in_round(case.split_by), case.not_annotated) for case in made.cases} == {
        ("train", 3, ("lesion",))
    }
    some = corrected_plan(plan, replace(corrections, cases=corrections.cases[:1]))
    assert len(some.cases) == 1


@pytest.mark.parametrize("seed", range(4))
def test_without_any_labels_before_persons_are_drawn_to_test_on_and_some_are_left_to_train_on(
    pool: tuple[Plan, Corrections], seed: int
) -> None:
    plan, corrections = pool
    cases = corrected_plan(plan, corrections, seed).cases
    assert {case.split for case in cases} == {"train", "test"}
    persons = {split: {case.patient for case in cases if case.split == split} for split in ("train", "test")}
    assert not persons["train"] & persons["test"]
    assert {added_in_round(case.split_by) for case in cases} == {3}
    alone = replace(corrections, cases=[corrections.cases[0], corrections.cases[3]])  # one person a site
    assert {case.split for case in corrected_plan(plan, alone, seed).cases} == {"train", "test"}


def test_one_person_cannot_be_trained_and_tested_on_and_an_image_that_is_gone_cannot_be_added(
    pool: tuple[Plan, Corrections],
) -> None:
    plan, corrections = pool
    with pytest.raises(DataRefusedError, match="two patients at least were needed"):
        corrected_plan(plan, replace(corrections, cases=corrections.cases[1:3]), 1)
    gone = TrainingCase("pool_sub-9_T2w", {}, {})
    with pytest.raises(DataRefusedError, match="pool_sub-9_T2w: corrected in round 3, and not in the pool"):
        corrected_plan(plan, replace(corrections, cases=[gone]))


@pytest.mark.parametrize(("cell", "number"), [("drawn with seed 42", 0), ("correction loop, round 12", 12), ("", 0)])
def test_the_table_of_cases_says_in_which_round_a_case_was_added(cell: str, number: int) -> None:
    assert added_in_round(cell) == number
