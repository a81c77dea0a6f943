import json
import math
from collections.abc import Callable
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
from tests.trainers.conftest import Prepared

MakeTrainer = Callable[..., Any]
PATCH = {"SI": 40.0, "AP": 40.0, "LR": 40.0}
PLAN = SpinePlan(
    sampling=SamplingShares(0.5, 0.3, 0.2),
    epochs=7,
    smallest_lesion_mm3=2.5,
    augmentation=SpineAugmentation(thick_slices_mm=(1.0, 4.0), noise_probability=0.0),
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
        ({"sampling": {"lesion": 0.9, "cord": 0.9, "anywhere": 0.2}}, "together 1"),
        ({"sampling": {"lesion": 1.5, "cord": -0.5, "anywhere": 0}}, "from 0 to 1"),
        ({"epoch": 3}, "unknown epoch"),
        ({"schema": 99}, "schema"),
        ({"case_weights": {"a": -1}}, "negative"),
        ({"site_weights": {"a": float("nan")}}, "negative"),
        ({"rehearsal_share": 1.5}, "from 0 to 1"),
        ({"crop_margins_mm": {"superior": 3}}, "inferior"),
        ({"augmentation": {"noise_probability": 7}}, "noise_probability"),
        ({"augmentation": {"noise_probabilty": 0.1}}, "unknown noise_probabilty"),
        ({"epochs": "many"}, "many"),
    ],
)
def test_an_edit_that_means_nothing_is_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    write_spine_plan(tmp_path, PLAN)
    content = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(content | change))
    with pytest.raises(DataRefusedError, match=words):
        read_spine_plan(tmp_path)


def test_rare_small_lesions_get_more_patches_than_large_ones_and_the_figure_is_given() -> None:
    few = derive_spine_plan(*tables(lesions=1, volume=20), PATCH, on_gpu=True)
    many = derive_spine_plan(*tables(lesions=9, volume=9000), PATCH, on_gpu=True)
    assert few.sampling.lesion > many.sampling.lesion
    assert "meets a lesion by chance" in few.reasons["sampling"]
    assert few.smallest_lesion_mm3 < many.smallest_lesion_mm3
    assert "10.0 mm3" not in few.reasons["smallest_lesion_mm3"]
    assert "20.0 mm3" in few.reasons["smallest_lesion_mm3"]


def test_two_datasets_with_other_slices_get_other_augmentation_for_a_stated_reason() -> None:
    cases, sagittal = tables(spacing="3.3 0.7 0.7")
    _, mixed = tables(spacing="0.5 0.5 5")
    mixed[0] |= {"spacing_mm": "0.5 0.5 2"}
    one, other = (derive_spine_plan(cases, rows, PATCH, on_gpu=True) for rows in (sagittal, mixed))
    assert (one.augmentation.thick_slices_mm, one.augmentation.thick_slices_axes) == ((3.3, 3.3), ("LR",))
    assert (other.augmentation.thick_slices_mm, other.augmentation.thick_slices_axes) == ((2.0, 5.0), ("SI",))
    assert "60 along LR" in one.reasons["augmentation"]
    assert "2.0 to 5.0 mm" in other.reasons["augmentation"]


def test_images_without_slices_keep_the_usual_augmentation() -> None:
    plan = derive_spine_plan(*tables(spacing="1 1 1"), PATCH, on_gpu=True)
    assert plan.augmentation == SpineAugmentation()
    assert "none of 60 cases" in plan.reasons["augmentation"]


def test_a_thin_cord_gets_a_finer_localizer_than_a_thick_one() -> None:
    cases, rows = tables(spacing="1 1 1")
    thin, thick = ([{**row, "volume_mm3_sc": volume} for row in rows] for volume in ("1200", "4200"))
    fine, coarse = (derive_spine_plan(cases, table, PATCH, on_gpu=True) for table in (thin, thick))
    assert fine.localizer_spacing_mm == pytest.approx(math.sqrt(1200 / 60 / math.pi) * 2 / 4, abs=0.01)
    assert fine.localizer_spacing_mm < coarse.localizer_spacing_mm
    assert "60 cases" in fine.reasons["localizer_spacing_mm"]
    assert stock_spine_plan(10).localizer_spacing_mm == 2.25


def test_a_cropped_dataset_tells_its_margins() -> None:
    plan = derive_spine_plan(*tables(), PATCH, on_gpu=True, margins=PLAN.crop_margins_mm)
    assert plan.crop_margins_mm == PLAN.crop_margins_mm
    assert "crop-dataset derives them" in derive_spine_plan(*tables(), PATCH, on_gpu=True).reasons["crop_margins_mm"]


def test_a_small_dataset_and_a_cpu_get_a_shorter_schedule() -> None:
    small, large = (derive_spine_plan(*tables(count=count), PATCH, on_gpu=True) for count in (20, 300))
    assert small.epochs < large.epochs == 1000
    assert derive_spine_plan(*tables(count=300), PATCH, on_gpu=False).epochs <= 100


def test_what_was_not_annotated_is_taken_over_and_without_lesions_none_are_drawn() -> None:
    cases, quality = tables(lesions=0, volume=0)
    cases[3]["not_annotated"] = "lesion"
    plan = derive_spine_plan(cases, quality, PATCH, on_gpu=True)
    assert plan.not_annotated == {"c3": ("lesion",)}
    assert plan.sampling.lesion == 0


@given(
    lesions=st.integers(0, 30), volume=st.floats(0, 1e5), patch=st.floats(1, 500), axes=st.sampled_from(["LAS", "PIR"])
)
def test_any_dataset_gets_shares_that_are_shares(lesions: int, volume: float, patch: float, axes: str) -> None:
    patches = {"SI": patch, "AP": patch, "LR": patch}
    plan = derive_spine_plan(*tables(lesions=lesions, volume=volume, axes=axes, count=3), patches, on_gpu=True)
    assert 0 <= plan.sampling.lesion <= 0.5 * 0.8
    assert 0.5 <= plan.sampling.anywhere <= 0.67


def test_a_wide_field_gets_more_patches_far_from_the_cord_than_a_narrow_one() -> None:
    cases, rows = tables(spacing="1 1 1")
    narrow = [{**row, "shape": "42 42 300"} for row in rows]
    wide = [{**row, "shape": "300 300 300"} for row in rows]
    one, other = (derive_spine_plan(cases, table, PATCH, on_gpu=True).sampling for table in (narrow, wide))
    assert one.anywhere == 0.5
    assert other.anywhere > 0.6
    # A patch of 40 mm begins at one of 260 mm along each axis; 50 mm of them show a cord of 10 mm in the middle.
    beside = 1 - (50 / 260) ** 2
    assert other.anywhere == pytest.approx(0.5 + 0.17 * beside, abs=0.01)


def test_the_trainer_writes_the_plan_once_and_an_edit_changes_the_training(
    prepared: Prepared, make_trainer: MakeTrainer
) -> None:
    folder = prepared.plans.parent
    (folder / FILE).unlink(missing_ok=True)
    trainer = make_trainer("nnUNetTrainerSCI")
    trainer.initialize()
    plan = read_spine_plan(folder)
    assert plan is not None
    assert plan == trainer.spine_plan
    assert "training cases" in plan.reasons["epochs"]
    assert plan.not_annotated == {"site_sub-5_T2w": ("lesion",)}
    assert trainer._knowledge["site_sub-5_T2w"].known == (True, False)
    try:
        write_spine_plan(folder, replace(plan, epochs=3, sampling=SamplingShares(0, 0, 1)))
        edited = make_trainer("nnUNetTrainerSCI")
        edited.initialize()
        assert (edited.num_epochs, edited.spine_plan.sampling.anywhere) == (3, 1)
        assert edited.optimizer.param_groups[0]["lr"] > 0
        named = make_trainer("nnUNetTrainerSCI_9epochs")
        named.initialize()
        assert named.num_epochs == 9  # the name says it
    finally:
        (folder / FILE).unlink()


def test_a_dataset_without_our_tables_is_sampled_as_nnunet_does() -> None:
    plan = stock_spine_plan(1000)
    assert (plan.epochs, round(plan.sampling.lesion + plan.sampling.cord, 2)) == (1000, 0.33)
