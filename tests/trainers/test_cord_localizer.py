import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.errors import DataRefusedError, EnvironmentProblemError
from nnunet_ext.trainers.cord_configuration import cord_configuration
from nnunet_ext.trainers.spine_plan import read_spine_plan, write_spine_plan
from tests.nnunet_server import run_at_once, run_nnunet
from tests.trainers.conftest import Prepared

MakeTrainer = Callable[..., Any]
TRAINER = "nnUNetTrainerCordLocalizer_1epochs"
CORD = "3d_cord"


def plans_of(spacing: list[float], median: list[int]) -> dict[str, Any]:
    full = {"spacing": spacing, "median_image_size_in_voxels": median}
    return {"plans_name": "nnUNetPlans", "configurations": {"3d_fullres": full}}


@pytest.fixture
def own(prepared: Prepared) -> Iterator[Path]:
    """The preprocessed folder, put back as it was afterwards."""
    folder = prepared.plans.parent
    kept = prepared.plans.read_text()
    yield folder
    prepared.plans.write_text(kept)
    (folder / "spine_plan.json").unlink(missing_ok=True)
    for made in folder.glob(f"nnUNetPlans_{CORD}*"):
        if made.is_dir():
            shutil.rmtree(made)
        else:
            made.unlink()


def test_thick_slices_stay_and_fine_voxels_become_as_coarse_as_asked() -> None:
    made = cord_configuration(plans_of([0.5, 0.5, 3.3], [640, 400, 18]), 2.0)
    assert made["spacing"] == [2.0, 2.0, 3.3]
    assert made["median_image_size_in_voxels"] == [160, 100, 18]
    assert made["inherits_from"] == "3d_fullres"
    assert all(size >= 4 for size in made["patch_size"])


@pytest.mark.parametrize("median", [[1200, 900, 700], [40, 1600, 20], [7, 5, 1], [512, 512, 600]])
def test_a_patch_covers_the_median_image_up_to_a_limit_and_its_network_can_be_built(median: list[int]) -> None:
    import torch
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

    made = cord_configuration(plans_of([0.5, 0.5, 0.5], median), 2.0)
    patch, arguments = made["patch_size"], made["architecture"]["arch_kwargs"]
    assert sorted(patch)[-1] <= 160
    coarse = [max(1, round(size / 4)) for size in median]
    for size, image in zip(patch, coarse, strict=True):
        assert size >= min(image, 96)
    network = get_network_from_plans(
        made["architecture"]["network_class_name"], arguments, made["architecture"]["_kw_requires_import"], 1, 2
    )
    network.decoder.deep_supervision = False
    with torch.inference_mode():
        assert tuple(network.eval()(torch.zeros(1, 1, *patch)).shape[2:]) == tuple(patch)


def test_without_a_full_resolution_it_cannot_be_made() -> None:
    with pytest.raises(DataRefusedError, match="3d_fullres"):
        cord_configuration({"plans_name": "p", "configurations": {"2d": {}}}, 2.0)


def test_stock_nnunet_trains_it_with_no_step_before_and_predicts_with_it(
    prepared: Prepared, own: Path, tmp_path: Path
) -> None:
    run = prepared.train(TRAINER, results="results_localizer", configuration=CORD)
    assert run.code == 0, run.output
    plan = read_spine_plan(own)
    assert plan is not None
    made = json.loads(prepared.plans.read_text())["configurations"][CORD]
    assert min(made["spacing"]) == plan.localizer_spacing_mm
    assert len(list((own / made["data_identifier"]).glob("*.pkl"))) == 6
    images = prepared.root / "raw" / "Dataset007_Cord" / "imagesTr"
    one = tmp_path / "in"
    one.mkdir()
    image = sorted(images.iterdir())[0]
    shutil.copyfile(image, one / image.name)
    command = ["nnUNetv2_predict", "-i", str(one), "-o", str(tmp_path / "out")]
    command += ["-d", "7", "-c", CORD, "-tr", TRAINER, "-f", "0", "-device", "cpu", "-npp", "0", "-nps", "0"]
    results = str(prepared.root / "results_localizer")
    done = run_nnunet(command, {**prepared.environment, "nnUNet_results": results})
    assert done.returncode == 0, done.stdout
    predicted = nib.nifti1.load(tmp_path / "out" / image.name.replace("_0000", ""))
    assert predicted.shape == nib.nifti1.load(image).shape


def test_an_edited_spacing_preprocesses_anew_and_the_users_own_configuration_is_left_alone(
    prepared: Prepared, own: Path, make_trainer: MakeTrainer
) -> None:
    first = make_trainer(TRAINER, configuration=CORD)
    first.initialize()
    plan = read_spine_plan(own)
    assert plan is not None
    assert plan.localizer_spacing_mm != 2.0
    write_spine_plan(own, replace(plan, localizer_spacing_mm=2.0))
    second = make_trainer(TRAINER, configuration=CORD)
    assert first.preprocessed_dataset_folder != second.preprocessed_dataset_folder
    assert max(np.subtract(second.configuration_manager.spacing, 2.0)) >= 0
    plans = json.loads(prepared.plans.read_text())
    mine = {"inherits_from": "tiny", "batch_size": 3}
    plans["configurations"][CORD] = mine
    prepared.plans.write_text(json.dumps(plans))
    assert make_trainer(TRAINER, configuration=CORD).configuration_manager.batch_size == 3
    assert json.loads(prepared.plans.read_text())["configurations"][CORD] == mine


def test_a_cord_that_measures_a_little_other_makes_no_other_network(
    prepared: Prepared, own: Path, make_trainer: MakeTrainer
) -> None:
    trainer = make_trainer(TRAINER, configuration=CORD)
    trainer.initialize()
    spacing = trainer.spine_plan.localizer_spacing_mm
    for share, kept in ((1.05, True), (1.2, False)):
        plans = json.loads(prepared.plans.read_text())
        plans["configurations"][CORD] = cord_configuration(plans, round(spacing * share, 2))
        prepared.plans.write_text(json.dumps(plans))
        made = make_trainer(TRAINER, configuration=CORD).configuration_manager.configuration
        assert (made["localizer_spacing_mm"] != spacing) == kept


def test_two_trainings_started_at_once_preprocess_once(prepared: Prepared, own: Path) -> None:
    commands = [["nnUNetv2_train", "7", CORD, fold, "-tr", TRAINER, "-device", "cpu"] for fold in ("0", "1")]
    environment = {**prepared.environment, "nnUNet_results": str(prepared.root / "results_both")}
    both = run_at_once(commands, environment)
    assert [done.returncode for done in both] == [0, 0], both
    made = json.loads(prepared.plans.read_text())["configurations"][CORD]
    assert len(list((own / made["data_identifier"]).glob("*.pkl"))) == 6
    assert not list(own.glob("*.unfinished"))


def test_what_a_killed_preprocessing_left_is_begun_anew(
    prepared: Prepared, own: Path, make_trainer: MakeTrainer
) -> None:
    trainer = make_trainer(TRAINER, configuration=CORD)
    trainer.initialize()
    identifier = Path(trainer.preprocessed_dataset_folder)
    whole = sorted(file.name for file in identifier.iterdir())
    identifier.rename(identifier.with_name(identifier.name + ".unfinished"))
    (own / f"{identifier.name}.unfinished" / whole[0]).write_bytes(b"torn")
    make_trainer(TRAINER, configuration=CORD).initialize()
    assert sorted(file.name for file in identifier.iterdir()) == whole
    assert (identifier / whole[0]).stat().st_size > 4


def test_without_the_raw_dataset_it_says_what_it_needs(
    prepared: Prepared, own: Path, make_trainer: MakeTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(TRAINER, configuration=CORD)
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "gone"))
    with pytest.raises(EnvironmentProblemError, match="nnUNet_raw"):
        trainer.initialize()


def test_patches_of_a_localizer_show_the_cord_and_not_its_lesions(own: Path, make_trainer: MakeTrainer) -> None:
    trainer = make_trainer("nnUNetTrainerCordLocalizer", configuration=CORD)
    trainer.initialize()
    shares, planned = trainer.sampling(), trainer.spine_plan.sampling[CORD]
    assert shares.lesion == 0
    assert shares.cord == pytest.approx(planned.lesion + planned.cord)
    assert trainer.num_epochs <= 250
    assert own.is_dir()


def test_a_training_begins_with_the_expectation_of_little_cord(own: Path, make_trainer: MakeTrainer) -> None:
    import torch

    trainer = make_trainer(TRAINER, configuration=CORD)
    trainer.initialize()
    patch = torch.zeros(1, trainer.num_input_channels, *trainer.configuration_manager.patch_size)
    trainer.set_deep_supervision_enabled(False)
    with torch.inference_mode():
        expected = torch.sigmoid(trainer.network.eval()(patch)).amax()
    assert float(expected) < 0.1
