import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.trainers.derive_spine_plan import derive_spine_plan, stock_spine_plan
from nnunet_ext.trainers.spine_plan import (
    FILE,
    CaseGroup,
    SamplingShares,
    SpinePlan,
    read_spine_plan,
    write_spine_plan,
)
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation

PATCH = {"3d": {"SI": 40.0, "AP": 40.0, "LR": 40.0}}
PLAN = SpinePlan(
    sampling={"3d_fullres": SamplingShares(0.5, 0.3, 0.2)},
    epochs=7,
    smallest_lesion_mm3=2.5,
    augmentation={"thick_slices_mm": (1.0, 4.0), "noise_probability": 0.0},
    localizer_spacing_mm=2.0,
    crop_margins_mm=dict.fromkeys(("superior", "inferior", "left", "right", "anterior", "posterior"), 7.5),
    case_weights={"a": 2.0},
    site_weights={"paris": 0.5},
    contrast_weights={"T2w": 0.0},
    groups={"a": CaseGroup("paris", "T2w")},
    new_cases=("a",),
    rehearsal_share=0.25,
    not_annotated={"b": ("lesion",)},
    reasons={"epochs": "so it is"},
    edited=("epochs", "sampling.3d_fullres"),
    derived={"epochs": 250},
    derived_from="a hash",
)


def tables(
    *, spacing: str = "0.7 0.7 3", axes: str = "LAS", lesions: int = 2, volume: float = 300, count: int = 60
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    names = [f"c{number}" for number in range(count)]
    included = {"status": "include", "split": "train", "not_annotated": "n/a", "site": "x", "contrast": "T2w"}
    cases = [{"case": name, **included} for name in names]
    quality = [
        {
            "case": name,
            "shape": "200 200 60",
            "spacing_mm": spacing,
            "axes": axes,
            "volume_mm3_sc": "12000",
            "voxels_lesion": str(int(volume)),
            "volume_mm3_lesion": str(volume),
            "components_lesion": str(lesions),
        }
        for name in names
    ]
    return cases, quality


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_spine_plan(tmp_path) is None
    write_spine_plan(tmp_path, PLAN)
    assert read_spine_plan(tmp_path) == PLAN


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sampling": {"2d": {"lesion": 0.9, "cord": 0.9, "anywhere": 0.2}}}, "together 1"),
        ({"sampling": {"2d": {"lesion": 1.5, "cord": -0.5, "anywhere": 0}}}, "from 0 to 1"),
        ({"sampling": {"lesion": 0.5, "cord": 0.3, "anywhere": 0.2}}, "sampling: lesion: lesion, cord, anywhere were"),
        ({"groups": {"a": {"site": "x"}}}, "groups: a: site, contrast were needed"),
        ({"epochs": True}, "whole number from 1"),
        ({"epoch": 3}, "unknown epoch"),
        ({"schema": 2}, "schema 2, and 3 was needed; mend it, or remove it to have it made"),
        ({"schema": 99}, "schema"),
        ({"case_weights": {"a": -1}}, "case_weights: a: .*negative, found -1"),
        ({"site_weights": {"a": float("nan")}}, "negative"),
        ({"rehearsal_share": 1.5}, "from 0 to 1"),
        ({"rehearsal_share": float("nan")}, "from 0 to 1"),
        ({"smallest_lesion_mm3": float("inf")}, "smallest_lesion_mm3: must be a number"),
        ({"sampling": {"2d": {"lesion": float("nan"), "cord": 0.5, "anywhere": 0.5}}}, "together 1"),
        ({"sampling": {"2d": {"lesion": 0.5, "cord": float("nan"), "anywhere": 0.5}}}, "together 1"),
        ({"derived": {"epochs": float("inf")}}, "derived: Out of range float"),
        ({"derived": [1]}, "derived: "),
        ({"crop_margins_mm": {"superior": 3}}, "inferior"),
        ({"augmentation": {"noise_probability": 7}}, "noise_probability"),
        ({"augmentation": {"noise_probabilty": 0.1}}, "unknown noise_probabilty"),
        ({"augmentation": {"noise_probabilty": None}}, "unknown noise_probabilty"),
        ({"epochs": "many"}, "many"),
        ({"epochs": 0}, "whole number from 1"),
        ({"epochs": 2.5}, "whole number from 1"),
        ({"new_cases": "case"}, "list of names"),
        ({"not_annotated": {"a": "lesion"}}, "list of names"),
        ({"edited": ["epoch"]}, "no value is named epoch"),
    ],
)
def test_an_edit_that_means_nothing_is_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    write_spine_plan(tmp_path, PLAN)
    content = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(content | change))
    with pytest.raises(DataRefusedError, match=words):
        read_spine_plan(tmp_path)


def test_a_plan_nested_too_deep_is_refused_with_the_way_to_have_it_made(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[" * 100_000)
    with pytest.raises(DataRefusedError, match=r"a plan was needed, found brackets nested too deep.*; mend it"):
        read_spine_plan(tmp_path)


def test_rare_small_lesions_get_more_patches_than_large_ones_and_the_figure_is_given() -> None:
    few = derive_spine_plan(*tables(lesions=1, volume=20), PATCH)
    many = derive_spine_plan(*tables(lesions=9, volume=9000), PATCH)
    assert few.sampling["3d"].lesion > many.sampling["3d"].lesion
    assert "meets a lesion by chance" in few.reasons["sampling.3d"]
    assert few.smallest_lesion_mm3 < many.smallest_lesion_mm3
    assert "10.0 mm3" not in few.reasons["smallest_lesion_mm3"]
    assert "20.0 mm3" in few.reasons["smallest_lesion_mm3"]


def test_two_datasets_with_other_slices_get_other_augmentation_for_a_stated_reason() -> None:
    cases, sagittal = tables(spacing="3.3 0.7 0.7")
    _, mixed = tables(spacing="0.5 0.5 5")
    mixed[0] |= {"spacing_mm": "0.5 0.5 2"}
    one, other = (derive_spine_plan(cases, rows, PATCH) for rows in (sagittal, mixed))
    assert one.augmentation == {"thick_slices_mm": (3.3, 3.3), "thick_slices_axes": ("LR",)}
    assert other.augmentation == {"thick_slices_mm": (2.0, 5.0), "thick_slices_axes": ("SI",)}
    assert "60 along LR" in one.reasons["augmentation"]
    assert "2.0 to 5.0 mm" in other.reasons["augmentation"]


@pytest.mark.parametrize(("diseased", "healthy"), [(3, 12), (3, 2), (11, 60), (0, 12)])
def test_nothing_is_injected_unasked_and_the_plan_says_how_to_ask(diseased: int, healthy: int) -> None:
    cases, quality = tables(count=diseased + healthy)
    for row in quality[diseased:]:
        row |= {"voxels_lesion": "0", "volume_mm3_lesion": "0", "components_lesion": "0"}
    plan = derive_spine_plan(cases, quality, PATCH)
    assert plan.augmentation_over({}).inject_lesion_probability == 0
    assert f"{diseased} cords with lesions and {healthy} known to have none" in plan.reasons["augmentation"]
    assert "inject_lesion_probability" in plan.reasons["augmentation"]


def test_cords_whose_lesions_nobody_looked_for_count_neither_way() -> None:
    cases, quality = tables(count=15)
    for row in quality[3:]:
        row |= {"voxels_lesion": "n/a", "volume_mm3_lesion": "n/a", "components_lesion": "n/a"}
    plan = derive_spine_plan(cases, quality, PATCH)
    assert plan.augmentation_over({}).inject_lesion_probability == 0
    assert "3 cords with lesions and 0 known" in plan.reasons["augmentation"]


def test_images_without_slices_keep_the_usual_augmentation() -> None:
    plan = derive_spine_plan(*tables(spacing="1 1 1"), PATCH)
    assert plan.augmentation == {}
    assert plan.augmentation_over({}) == SpineAugmentation()
    assert "none of 60 cases" in plan.reasons["augmentation"]


def test_a_thin_cord_gets_a_finer_localizer_than_a_thick_one() -> None:
    cases, rows = tables(spacing="1 1 1")
    thin, thick = ([{**row, "volume_mm3_sc": volume} for row in rows] for volume in ("1200", "4200"))
    fine, coarse = (derive_spine_plan(cases, table, PATCH) for table in (thin, thick))
    assert fine.localizer_spacing_mm == pytest.approx(math.sqrt(1200 / 60 / math.pi) * 2 / 4, abs=0.01)
    assert fine.localizer_spacing_mm < coarse.localizer_spacing_mm
    assert "60 cases" in fine.reasons["localizer_spacing_mm"]
    assert stock_spine_plan().localizer_spacing_mm == 2.25


def test_a_cropped_dataset_tells_its_margins() -> None:
    plan = derive_spine_plan(*tables(), PATCH, margins=PLAN.crop_margins_mm)
    assert plan.crop_margins_mm == PLAN.crop_margins_mm
    assert "crop-dataset derives them" in derive_spine_plan(*tables(), PATCH).reasons["crop_margins_mm"]


@pytest.mark.parametrize(
    ("cases", "epochs"), [(1, 250), (49, 250), (50, 500), (51, 500), (199, 500), (200, 1000), (300, 1000)]
)
def test_more_cases_get_a_longer_schedule(cases: int, epochs: int) -> None:
    plan = derive_spine_plan(*tables(count=cases), PATCH)
    assert plan.epochs == epochs
    assert plan.reasons["epochs"] == f"{cases} training cases"


def test_each_configuration_gets_the_shares_of_its_own_patch() -> None:
    wide = dict.fromkeys(("SI", "AP", "LR"), 200.0)
    plan = derive_spine_plan(*tables(), {**PATCH, "wide": wide})
    assert plan.sampling["wide"].anywhere < plan.sampling["3d"].anywhere
    assert "200 x 200 mm" in plan.reasons["sampling.wide"]


def test_where_nothing_was_measured_patches_are_drawn_as_nnunet_draws_them_and_the_rest_is_derived() -> None:
    cases, _ = tables(count=60)
    plan = derive_spine_plan(cases, [], PATCH)
    assert plan.sampling["3d"] == stock_spine_plan().shares("3d")
    assert "qc.tsv" in plan.reasons["sampling.3d"]
    assert (plan.epochs, len(plan.groups)) == (500, 60)


def test_what_was_not_annotated_is_taken_over_and_without_lesions_none_are_drawn() -> None:
    cases, quality = tables(lesions=0, volume=0)
    cases[3]["not_annotated"] = "lesion"
    plan = derive_spine_plan(cases, quality, PATCH)
    assert plan.not_annotated == {"c3": ("lesion",)}
    assert plan.sampling["3d"].lesion == 0


@given(
    lesions=st.integers(0, 30), volume=st.floats(0, 1e5), patch=st.floats(1, 500), axes=st.sampled_from(["LAS", "PIR"])
)
def test_any_dataset_gets_shares_that_are_shares(lesions: int, volume: float, patch: float, axes: str) -> None:
    patches = {"2d": {"SI": patch, "AP": patch, "LR": patch}}
    plan = derive_spine_plan(*tables(lesions=lesions, volume=volume, axes=axes, count=3), patches)
    assert 0 <= plan.sampling["2d"].lesion <= 0.5 * 0.8
    assert 0.5 <= plan.sampling["2d"].anywhere <= 0.67


def test_a_wide_field_gets_more_patches_far_from_the_cord_than_a_narrow_one() -> None:
    cases, rows = tables(spacing="1 1 1")
    narrow = [{**row, "shape": "42 42 300"} for row in rows]
    wide = [{**row, "shape": "300 300 300"} for row in rows]
    one, other = (derive_spine_plan(cases, table, PATCH).sampling["3d"] for table in (narrow, wide))
    assert one.anywhere == 0.5
    assert other.anywhere > 0.6
    # A patch of 40 mm begins at one of 260 mm along each axis; 50 mm of them show a cord of 10 mm in the middle.
    beside = 1 - (50 / 260) ** 2
    assert other.anywhere == pytest.approx(0.5 + 0.17 * beside, abs=0.01)


def test_a_value_that_somebody_set_holds_over_the_trainer_s_own_even_where_it_is_the_usual_one() -> None:
    trainers = {"channel_dropout_probability": 0.5, "border_probability": 0.0}
    plan = derive_spine_plan(*tables(), PATCH)
    untouched = plan.augmentation_over(trainers)
    assert (untouched.channel_dropout_probability, untouched.border_probability) == (0.5, 0.0)
    usual = SpineAugmentation()
    values = {"channel_dropout_probability": 0.0, "border_probability": usual.border_probability}
    edited = replace(plan, augmentation={**plan.augmentation, **values}).augmentation_over(trainers)
    assert edited.channel_dropout_probability == usual.channel_dropout_probability == 0.0
    assert edited.border_probability == usual.border_probability


def test_a_dataset_without_our_tables_is_sampled_as_nnunet_does() -> None:
    plan = stock_spine_plan()
    shares = plan.shares("any")
    assert (plan.epochs, round(shares.lesion + shares.cord, 2)) == (1000, 0.33)
