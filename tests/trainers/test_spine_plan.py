import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.trainers.derive_spine_plan import derive_spine_plan, stock_spine_plan
from nnunet_ext.trainers.spine_plan import FILE, SamplingShares, SpinePlan, read_spine_plan, write_spine_plan
from tests.trainers.conftest import Prepared

MakeTrainer = Callable[..., Any]
PLAN = SpinePlan(
    sampling=SamplingShares(0.5, 0.3, 0.2),
    epochs=7,
    smallest_lesion_mm3=2.5,
    slice_thickness_factor=1.5,
    case_weights={"a": 2.0},
    not_annotated={"b": ("lesion",)},
    reasons={"epochs": "so it is"},
)


def tables(
    *, spacing: str = "0.7 0.7 3", axes: str = "LAS", lesions: int = 2, volume: float = 300, count: int = 60
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    names = [f"c{number}" for number in range(count)]
    cases = [{"case": name, "status": "include", "split": "train", "not_annotated": "n/a"} for name in names]
    quality = [
        {
            "case": name,
            "shape": "200 200 60",
            "spacing_mm": spacing,
            "axes": axes,
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
    few = derive_spine_plan(*tables(lesions=1, volume=20), 40.0, on_gpu=True)
    many = derive_spine_plan(*tables(lesions=9, volume=9000), 40.0, on_gpu=True)
    assert few.sampling.lesion > many.sampling.lesion
    assert "meets a lesion by chance" in few.reasons["sampling"]
    assert few.smallest_lesion_mm3 < many.smallest_lesion_mm3
    assert "10.0 mm3" not in few.reasons["smallest_lesion_mm3"]
    assert "20.0 mm3" in few.reasons["smallest_lesion_mm3"]


def test_two_datasets_with_other_slices_get_other_plans_for_a_stated_reason() -> None:
    cases, thin = tables(spacing="1 1 1")
    _, mixed = tables(spacing="1 1 1")
    mixed[0]["spacing_mm"] = "0.5 0.5 5"
    one, other = (derive_spine_plan(cases, rows, 64.0, on_gpu=True) for rows in (thin, mixed))
    assert one.slice_thickness_factor == 1.5
    assert other.slice_thickness_factor == 4.0
    assert "5.0 mm" in other.reasons["slice_thickness_factor"]


def test_a_small_dataset_and_a_cpu_get_a_shorter_schedule() -> None:
    small, large = (derive_spine_plan(*tables(count=count), 64.0, on_gpu=True) for count in (20, 300))
    assert small.epochs < large.epochs == 1000
    assert derive_spine_plan(*tables(count=300), 64.0, on_gpu=False).epochs <= 100


def test_what_was_not_annotated_is_taken_over_and_without_lesions_none_are_drawn() -> None:
    cases, quality = tables(lesions=0, volume=0)
    cases[3]["not_annotated"] = "lesion"
    plan = derive_spine_plan(cases, quality, 64.0, on_gpu=True)
    assert plan.not_annotated == {"c3": ("lesion",)}
    assert plan.sampling.lesion == 0


@given(
    lesions=st.integers(0, 30), volume=st.floats(0, 1e5), patch=st.floats(1, 500), axes=st.sampled_from(["LAS", "PIR"])
)
def test_any_dataset_gets_shares_that_are_shares(lesions: int, volume: float, patch: float, axes: str) -> None:
    plan = derive_spine_plan(*tables(lesions=lesions, volume=volume, axes=axes, count=3), patch, on_gpu=True)
    assert 0 <= plan.sampling.lesion <= 0.6
    assert plan.sampling.anywhere == 0.15


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
