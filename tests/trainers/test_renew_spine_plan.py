import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.trainers.derive_spine_plan import derive_spine_plan, stock_spine_plan
from nnunet_ext.trainers.renew_spine_plan import keep_derived, renew_spine_plan
from nnunet_ext.trainers.spine_plan import FILE, CaseGroup, SamplingShares, SpinePlan, read_spine_plan, write_spine_plan
from tests.trainers.test_spine_plan import PATCH, tables

FACES = ("superior", "inferior", "left", "right", "anterior", "posterior")


def derived(count: int, *, first: int = 0, spacing: str = "0.7 0.7 3", **changes: str) -> SpinePlan:
    """Derive from a dataset of this many cases, the first of which has this number."""
    cases, quality = tables(count=count + first, spacing=spacing)
    for row in cases:
        row.update(changes)
    return derive_spine_plan(cases[first:], quality[first:], PATCH)


def told(sentences: list[str], start: str) -> str:
    return "\n".join(sentence for sentence in sentences if sentence.startswith(start))


def test_an_untouched_plan_becomes_what_the_dataset_suggests_now_and_the_log_says_what() -> None:
    now = derived(60, spacing="0.7 0.7 5")
    plan, said = renew_spine_plan(derived(49), now)
    assert plan == now
    assert "epochs 250 -> 500" in told(said, "renewed")
    assert "groups: new c49, c50, c51, c52, c53 and 6 more" in told(said, "renewed")
    assert "thick_slices_mm" in told(said, "renewed")
    assert not told(said, "kept")


def test_renewing_twice_changes_nothing_more() -> None:
    now = derived(60)
    once, _ = renew_spine_plan(replace(derived(49), epochs=7), now)
    twice, said = renew_spine_plan(once, now)
    assert twice == once
    assert not told(said, "renewed")
    assert "epochs 7 (the dataset suggests 500)" in told(said, "kept as edited")


def test_edited_entries_survive_and_cases_that_are_new_or_gone_come_and_go() -> None:
    before = derived(6, not_annotated="lesion")
    groups = {**before.groups, "c3": CaseGroup("elsewhere", "T1w"), "c1": CaseGroup("gone", "T1w")}
    missing = {case: classes for case, classes in before.not_annotated.items() if case != "c4"} | {"c5": ("sc",)}
    weights = {"c3": 2.0, "c1": 5.0}
    known = replace(before, groups=groups, not_annotated=missing, case_weights=weights, new_cases=("c0", "c5"))
    plan, said = renew_spine_plan(known, derived(6, first=2, not_annotated="lesion"))
    assert set(plan.groups) == {f"c{number}" for number in range(2, 8)}
    assert plan.groups["c3"] == CaseGroup("elsewhere", "T1w")
    assert plan.groups["c7"] == CaseGroup("x", "T2w")
    assert "c4" not in plan.not_annotated
    assert plan.not_annotated["c5"] == ("sc",)
    assert plan.not_annotated["c7"] == ("lesion",)
    assert plan.case_weights == {"c3": 2.0}
    assert plan.new_cases == ("c5",)
    assert "not_annotated.c4 taken out" in told(said, "kept")


@pytest.mark.parametrize("field", ["groups", "not_annotated"])
def test_an_emptied_mapping_stays_empty(field: str) -> None:
    before = derived(6, not_annotated="lesion")
    emptied, _ = renew_spine_plan(replace(before, **{field: {}}), derived(6, not_annotated="lesion"))
    assert getattr(emptied, field) == {}
    assert getattr(renew_spine_plan(emptied, derived(6, not_annotated="lesion"))[0], field) == {}


def test_a_value_that_is_taken_out_of_the_file_is_derived_again(tmp_path: Path) -> None:
    plan, _ = renew_spine_plan(replace(derived(6), epochs=3), derived(6))
    assert plan.edited == ("epochs",)
    write_spine_plan(tmp_path, plan)
    content = json.loads((tmp_path / FILE).read_text())
    del content["epochs"], content["groups"]
    (tmp_path / FILE).write_text(json.dumps(content))
    known = read_spine_plan(tmp_path)
    assert known is not None
    again, _ = renew_spine_plan(known, derived(60))
    assert (again.epochs, len(again.groups), again.edited) == (500, 60, ())


def test_a_value_is_held_at_what_is_derived_where_somebody_says_so() -> None:
    known = replace(derived(6), edited=("epochs", "augmentation"))
    plan, said = renew_spine_plan(known, derived(300))
    assert plan.epochs == 250
    assert plan.augmentation == known.augmentation
    assert "epochs 250 (the dataset suggests 1000)" in told(said, "kept")


def test_an_edit_holds_even_after_the_dataset_came_to_suggest_the_same() -> None:
    plan = replace(derived(6), epochs=500)
    for count in (60, 300):
        plan, _ = renew_spine_plan(plan, derived(count))
    assert plan.epochs == 500


def test_edited_shares_hold_for_their_configuration_and_those_of_others_are_derived() -> None:
    mine = SamplingShares(0, 0, 1)
    known = replace(derived(6), sampling={"3d": mine, "2d": SamplingShares(0.1, 0.1, 0.8)})
    now = derived(6)
    other = replace(now, sampling={"3d_cord": now.sampling["3d"]})
    plan, _ = renew_spine_plan(known, other)
    assert plan.sampling == {**known.sampling, "3d_cord": now.sampling["3d"]}
    assert renew_spine_plan(plan, now)[0].sampling["3d"] == mine
    for_all, _ = renew_spine_plan(replace(derived(6), sampling={"*": mine}), now)
    assert for_all.shares("3d") == mine


def test_the_usual_shares_give_way_once_there_are_tables() -> None:
    plan, _ = renew_spine_plan(stock_spine_plan(), derived(6))
    assert plan.sampling == derived(6).sampling


def test_a_derived_augmentation_that_is_nulled_stays_as_the_trainer_has_it(tmp_path: Path) -> None:
    write_spine_plan(tmp_path, derived(6))
    content = json.loads((tmp_path / FILE).read_text())
    assert content["augmentation"]["border_probability"] is None
    content["augmentation"] |= {"thick_slices_mm": None, "border_probability": 0.3}
    (tmp_path / FILE).write_text(json.dumps(content))
    known = read_spine_plan(tmp_path)
    assert known is not None
    plan, _ = renew_spine_plan(known, derived(6, spacing="0.7 0.7 5"))
    spoiled = plan.augmentation_over({"thick_slices_mm": (9.0, 9.0), "border_probability": 0.9})
    assert spoiled.thick_slices_mm == (2.0, 5.0)
    assert spoiled.border_probability == 0.3


def test_one_value_is_kept_beside_the_others_and_an_edited_one_is_not_written_over(tmp_path: Path) -> None:
    keep_derived(tmp_path, "crop_margins_mm", dict.fromkeys(FACES, 4.0), "nobody")
    assert not (tmp_path / FILE).exists()
    write_spine_plan(tmp_path, replace(derived(6), epochs=3))
    for mm in (4.0, 6.0):
        keep_derived(tmp_path, "crop_margins_mm", dict.fromkeys(FACES, mm), f"needed {mm}")
        plan = read_spine_plan(tmp_path)
        assert plan is not None
        assert (plan.crop_margins_mm["left"], plan.is_edited("crop_margins_mm"), plan.epochs) == (mm, False, 3)
        assert plan.reasons["crop_margins_mm"] == f"needed {mm}"
    edited = {**plan.crop_margins_mm, "left": 9.0}
    write_spine_plan(tmp_path, replace(plan, crop_margins_mm=edited))
    keep_derived(tmp_path, "crop_margins_mm", dict.fromkeys(FACES, 8.0), "again")
    plan = read_spine_plan(tmp_path)
    assert plan is not None
    assert plan.crop_margins_mm == edited
    assert plan.is_edited("crop_margins_mm")


EDITS: dict[str, Any] = {
    "epochs": 7,
    "smallest_lesion_mm3": 0.0,
    "localizer_spacing_mm": 1.5,
    "contrast_weights": {},
    "site_weights": {"x": 0.0},
    "rehearsal_share": 0.0,
    "crop_margins_mm": dict.fromkeys(FACES, 0.0),
}


@given(edits=st.sets(st.sampled_from(sorted(EDITS))), sizes=st.lists(st.integers(1, 260), min_size=1, max_size=4))
def test_whatever_is_appended_edits_survive_and_all_else_is_as_derived_anew(edits: set[str], sizes: list[int]) -> None:
    plan = replace(derived(10), **{name: EDITS[name] for name in edits})
    for size in sizes:
        plan, _ = renew_spine_plan(plan, derived(size))
    fresh = derived(sizes[-1])
    assert {name for name in EDITS if plan.is_edited(name)} == edits
    for name, value in fresh.values().items():
        assert plan.values()[name] == (EDITS[name] if name in edits else value)
