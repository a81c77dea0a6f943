import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.trainers.derive_spine_plan import derive_spine_plan
from nnunet_ext.trainers.renew_spine_plan import renew_spine_plan
from nnunet_ext.trainers.spine_plan import FILE, SamplingShares, SpinePlan, read_spine_plan
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation
from tests.trainers.test_renew_spine_plan import FACES, derived
from tests.trainers.test_spine_plan import PATCH, tables


def as_before(plan: SpinePlan, *, cpu: bool = False) -> dict[str, Any]:
    """Write a plan as the version before did: of one configuration, with every value and no record."""
    values = plan.values()
    reasons: dict[str, Any] = {**plan.reasons, "sampling": plan.reasons["sampling.3d"]}
    del reasons["sampling.3d"]
    content = {
        "schema": 2,
        **values,
        "sampling": values["sampling"]["3d"],
        "augmentation": asdict(SpineAugmentation.from_content(plan.augmentation)),
        "contrast_weights": {},
        "reasons": reasons,
    }
    if cpu:
        content["epochs"] = min(100, plan.epochs)
        reasons["epochs"] += ", and no GPU"
    return content


def taken_over(folder: Path, content: Mapping[str, Any], now: SpinePlan) -> tuple[SpinePlan, list[str]]:
    (folder / FILE).write_text(json.dumps(content))
    known = read_spine_plan(folder)
    assert known is not None
    return renew_spine_plan(known, now)


@pytest.mark.parametrize("cpu", [False, True])
@pytest.mark.parametrize("count", [6, 60])
def test_an_untouched_plan_is_derived_anew_whatever_became_of_the_dataset(
    tmp_path: Path, cpu: bool, count: int
) -> None:
    before = derived(6, not_annotated="lesion")
    now = replace(derived(count, first=1, spacing="0.5 0.5 5"), derived_from="the tables")
    plan, said = taken_over(tmp_path, as_before(before, cpu=cpu), now)
    assert plan == now
    assert not [sentence for sentence in said if sentence.startswith("kept")]


@given(lesions=st.integers(0, 9), volume=st.floats(1, 9000), width=st.integers(9, 400), count=st.integers(1, 5))
def test_figures_in_the_reasons_are_enough_to_know_a_derived_value(
    tmp_path_factory: pytest.TempPathFactory, lesions: int, volume: float, width: int, count: int
) -> None:
    cases, quality = tables(count=count, lesions=lesions, volume=volume)
    quality = [{**row, "shape": f"{width} 300 60"} for row in quality]
    before, now = derive_spine_plan(cases, quality, PATCH), replace(derived(60), derived_from="the tables")
    plan, _ = taken_over(tmp_path_factory.mktemp("plan"), as_before(before), now)
    assert plan == now


def test_what_was_edited_stays_and_the_log_tells_what_was_taken_for_edited(tmp_path: Path) -> None:
    content = as_before(derived(6))
    content["augmentation"]["noise_probability"] = 0.9
    edits = {
        "epochs": 42,
        "sampling": {"lesion": 0.0, "cord": 0.0, "anywhere": 1.0},
        "contrast_weights": {"T1w": 2.0},
        "case_weights": {"c1": 3.0},
        "localizer_spacing_mm": 1.1,
        "crop_margins_mm": dict.fromkeys(FACES, 3.0),
    }
    plan, said = taken_over(tmp_path, content | edits, derived(60))
    assert (plan.epochs, plan.localizer_spacing_mm) == (42, 1.1)
    assert plan.shares("3d") == plan.shares("any other") == SamplingShares(0, 0, 1)
    assert plan.contrast_weights == {"T1w": 2.0}
    assert plan.case_weights == {"c1": 3.0}
    assert plan.augmentation["noise_probability"] == 0.9
    assert plan.augmentation["thick_slices_mm"] == (3.0, 3.0)
    assert plan.crop_margins_mm == dict.fromkeys(FACES, 3.0)
    assert len(plan.groups) == 60
    kept = {sentence.split()[3] for sentence in said if sentence.startswith("kept as edited")}
    names = {"epochs", "localizer_spacing_mm", "sampling.*", "contrast_weights", "case_weights.c1", "crop_margins_mm"}
    assert kept == names | {"augmentation.noise_probability"}


def test_margins_of_crop_dataset_are_known_by_the_figures_in_their_reason(tmp_path: Path) -> None:
    content = as_before(derived(6)) | {"crop_margins_mm": dict.fromkeys(FACES, 4.0)}
    content["reasons"]["crop_margins_mm"] = ", ".join(f"{face} 4" for face in FACES) + ": keep every label voxel"
    (tmp_path / FILE).write_text(json.dumps(content))
    plan = read_spine_plan(tmp_path)
    assert plan is not None
    assert not plan.is_edited("crop_margins_mm")
    content["crop_margins_mm"]["left"] = 5.0
    (tmp_path / FILE).write_text(json.dumps(content))
    plan = read_spine_plan(tmp_path)
    assert plan is not None
    assert plan.is_edited("crop_margins_mm")


@pytest.mark.parametrize("missing", ["reasons", "sampling", "epochs", "augmentation", "groups"])
def test_a_damaged_one_is_refused_by_the_name_of_its_file(tmp_path: Path, missing: str) -> None:
    content = as_before(derived(6))
    del content[missing]
    (tmp_path / FILE).write_text(json.dumps(content))
    with pytest.raises(DataRefusedError, match=FILE):
        read_spine_plan(tmp_path)
