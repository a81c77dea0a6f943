"""What the transforms of a real trainer do, as its loader holds them."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnunet_ext.trainers.spine_plan import SamplingShares
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation

MakeTrainer = Callable[..., Any]
ALWAYS = {"full_after_steps": 0}
NONE = ALWAYS | {one.name: 0.0 for one in fields(SpineAugmentation) if one.name.endswith("_probability")}
OURS = {"ThickSlices", "BiasAlongCord", "MetalVoid", "Ghosting", "RicianNoise", "BorderErosionDilation"}


def names(transform: Any) -> list[str]:  # noqa: ANN401 - batchgeneratorsv2 ships no annotations
    """Name a pipeline's transforms, those inside of others too."""
    inner = [getattr(transform, name) for name in ("transform",) if hasattr(transform, name)]
    inner += getattr(transform, "transforms", [])
    return [type(transform).__name__, *(name for one in inner for name in names(one))]


@pytest.fixture
def loader(make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Give the training loader of a trainer without workers, and with another spine plan where one is named."""
    monkeypatch.setenv("nnUNet_n_proc_DA", "0")

    def make(trainer: str = "nnUNetTrainerSCI", **changes: Any) -> Any:  # noqa: ANN401 - nnU-Net's loader
        made = make_trainer(trainer, seed=3)
        made.initialize()
        made.spine_plan = replace(made.spine_plan, **changes)
        training, _ = made.get_dataloaders()
        return training.data_loader

    return make


def test_spine_transforms_are_part_of_the_training_and_validation_has_none(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("nnUNet_n_proc_DA", "0")
    trainer = make_trainer()
    trainer.initialize()
    training, validation = (one.data_loader for one in trainer.get_dataloaders())
    assert set(names(training.transforms)) >= OURS - {"ThickSlices"}
    assert not OURS & set(names(validation.transforms))


def test_a_plan_with_all_probabilities_at_zero_leaves_nnunets_own_transforms(loader: Callable[..., Any]) -> None:
    assert not OURS & set(names(loader(augmentation=NONE).transforms))


def test_an_edited_plan_changes_what_the_network_sees(loader: Callable[..., Any]) -> None:
    noise = NONE | {"noise_probability": 1.0, "noise_sigma": (9.0, 10.0)}
    shares = {"tiny": SamplingShares(0, 1, 0)}
    quiet, loud = (
        float(np.std([loader(augmentation=one, sampling=shares).generate_train_batch()["data"]]))
        for one in (NONE, noise)
    )
    assert loud > 2 * quiet


def test_lesion_borders_move_between_cord_and_lesion_only(loader: Callable[..., Any]) -> None:
    transforms = loader(augmentation=NONE | {"border_probability": 1.0}).transforms.transforms
    border = next(one for one in transforms if type(one).__name__ == "BorderErosionDilation")
    assert (border.lesion, border.inside, border.probability) == (2, 1, 1.0)


def test_cords_without_lesions_get_some_before_anything_else_is_done_and_validation_never(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("nnUNet_n_proc_DA", "0")
    trainer = make_trainer(seed=3)
    trainer.initialize()
    trainer.spine_plan = replace(trainer.spine_plan, augmentation={"inject_lesion_probability": 0.7})
    training, validation = (one.data_loader.transforms for one in trainer.get_dataloaders())
    first = training.transforms[0]
    assert type(first).__name__ == "InjectLesions"
    assert (first.lesion, first.inside, first.probability) == (2, 1, 0.7), "however short the training is"
    assert sorted(np.abs(first.affine[:3, :3]).max(axis=0)) == pytest.approx(
        sorted(trainer.configuration_manager.spacing)
    )
    assert "InjectLesions" not in names(validation)


def test_a_short_training_sees_fewer_spoiled_images_and_its_log_says_so(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("nnUNet_n_proc_DA", "0")
    trainer = make_trainer()
    trainer.initialize()
    steps = trainer.num_epochs * trainer.num_iterations_per_epoch
    assert 0 < steps < 25_000
    training, _ = trainer.get_dataloaders()
    transforms = training.data_loader.transforms.transforms
    border = next(one for one in transforms if type(one).__name__ == "BorderErosionDilation")
    assert border.probability == pytest.approx(0.3 * steps / 25_000)
    assert f"{steps} steps, full after 25000" in Path(trainer.log_file).read_text()


def test_the_trainer_for_ms_moves_borders_more_often_and_draws_contrasts_alike(loader: Callable[..., Any]) -> None:
    transforms = loader("nnUNetTrainerMSLesion", augmentation=ALWAYS).transforms.transforms
    assert next(one for one in transforms if type(one).__name__ == "BorderErosionDilation").probability == 0.5
    edited = loader("nnUNetTrainerMSLesion", augmentation=ALWAYS | {"border_probability": 0.1})
    border = next(one for one in edited.transforms.transforms if type(one).__name__ == "BorderErosionDilation")
    assert border.probability == 0.1  # what stands in the plan holds


def test_a_lesion_smaller_than_the_plan_says_is_not_sought_out(loader: Callable[..., Any]) -> None:
    some, none = (loader(smallest_lesion_mm3=mm3) for mm3 in (0.0, 1e6))
    case = next(name for name in some.indices if some._data.load_case(name)[3]["class_locations"]["lesions"])
    assert none._data.load_case(case)[3]["class_locations"]["lesions"] == []


@pytest.mark.parametrize("configuration", ["tiny", "2d"])
def test_the_smallest_lesion_is_told_in_mm3_and_sought_in_voxels(make_trainer: MakeTrainer, configuration: str) -> None:
    trainer = make_trainer()
    trainer.initialize()
    plans = trainer.plans_manager.plans
    plans["original_median_spacing_after_transp"] = [5.0, 0.5, 0.5]
    spacing = {"tiny": [3.0, 0.5, 0.5], "2d": [0.5, 0.5]}[configuration]
    trainer.configuration_manager.configuration["spacing"] = spacing
    trainer.spine_plan = replace(trainer.spine_plan, smallest_lesion_mm3=6.0)
    voxels = trainer._drawing([]).smallest_lesion
    assert voxels == pytest.approx({"tiny": 6 / (3 * 0.25), "2d": 6 / (5 * 0.25)}[configuration])


def test_site_weights_of_the_plan_reach_the_loader(loader: Callable[..., Any]) -> None:
    plain = loader()
    assert plain.sampling_probabilities is None
    first, *others = plain.indices
    weighted = loader(case_weights=dict.fromkeys(others, 0.0))
    assert {name for _ in range(10) for name in weighted.get_indices()} == {first}
