"""A training for tumours on two contrasts, from raw dataset to a prediction with one contrast missing."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.environment import nnunet_variables
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from tests.nnunet_server import run_nnunet
from tests.tiny_configuration import add_tiny_configuration
from tests.trainers.conftest import SETTINGS, Prepared

SHAPE = (20, 24, 28)
AFFINE = np.diag([-1.0, 1, 1, 1])
TRAINER = "nnUNetTrainerTumor_1epochs"


@dataclass(frozen=True)
class Trained:
    """A trained model of tumours, and its images."""

    raw: RawDataset
    environment: Mapping[str, str]
    output: str


def tumor_labels(number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Draw a cord with a tumour in it, a rim of which is none of its parts."""
    masks = {name: np.zeros(SHAPE, np.uint8) for name in ("sc", "whole", "edema", "cavity", "core")}
    masks["sc"][6:14, 8:16] = 1
    masks["whole"][7:13, 9:15, 6 + number : 20 + number] = 1
    masks["edema"][8:12, 10:14, 7 + number : 11 + number] = 1
    masks["cavity"][8:12, 10:14, 11 + number : 14 + number] = 1
    masks["core"][8:12, 10:14, 14 + number : 19 + number] = 1
    return load_target("tumor").fuse(masks)


@pytest.fixture(scope="module")
def trained(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    root = tmp_path_factory.mktemp("tumor")
    raw = RawDataset.named(root / "raw", 8, "Tumor")
    rng = np.random.default_rng(1)
    for number in range(5):
        labels = tumor_labels(number)
        write_mask(raw.folder / "labelsTr" / f"c{number}.nii.gz", labels, AFFINE)
        for channel in range(2):
            image = rng.normal(100, 5, SHAPE) + 40 * labels * (channel + 1)
            write_image(raw.folder / "imagesTr" / f"c{number}_{channel:04d}.nii.gz", image.astype(np.float32), AFFINE)
    keys = {**load_target("tumor").nnunet_keys(), "image_axes_nibabel": "LAS"}
    description = {**keys, "numTraining": 5, "file_ending": ".nii.gz"}
    (raw.folder / "dataset.json").write_text(json.dumps(description))
    environment = {**prepared.environment, **nnunet_variables(root, {})}
    command = ["nnUNetv2_plan_and_preprocess", "-d", "8", "-c", "3d_fullres", "-np", "1", "-npfp", "1"]
    done = run_nnunet(command, environment)
    assert done.returncode == 0, done.stdout
    add_tiny_configuration(root / "preprocessed" / raw.folder.name / "nnUNetPlans.json", SETTINGS)
    done = run_nnunet(["nnUNetv2_train", "8", "tiny", "0", "-tr", TRAINER, "-device", "cpu"], environment)
    assert done.returncode == 0, done.stdout
    return Trained(raw, environment, done.stdout)


def test_core_cavity_oedema_whole_and_cord_are_learned_as_regions(trained: Trained) -> None:
    for region in ("sc", "whole", "edema", "cavity", "core"):
        assert f"{region} " in trained.output.split("Pseudo dice by region:")[1].splitlines()[0]


def test_a_voxel_of_the_whole_that_is_none_of_its_parts_has_a_label_of_its_own() -> None:
    labels = tumor_labels(0)
    masks = Labelling.of_target(load_target("tumor")).take(labels)
    rim = masks["whole"] & ~masks["edema"] & ~masks["cavity"] & ~masks["core"]
    assert rim.sum() > 0
    assert set(np.unique(labels[rim])) == {4}
    assert masks["sc"][masks["whole"]].all()


@pytest.mark.parametrize("missing", [None, 0, 1])
def test_either_contrast_may_be_missing_at_prediction(trained: Trained, missing: int | None, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for channel in range(2):
        source = trained.raw.folder / "imagesTr" / f"c0_{channel:04d}.nii.gz"
        shutil.copyfile(source, folder / source.name)
        if channel == missing:
            write_image(folder / source.name, np.zeros(SHAPE, np.float32), AFFINE)
    command = ["nnUNetv2_predict", "-i", str(folder), "-o", str(tmp_path / "out")]
    command += ["-d", "8", "-c", "tiny", "-tr", TRAINER, "-f", "0", "-device", "cpu", "-npp", "0", "-nps", "0"]
    done = run_nnunet(command, trained.environment)
    assert done.returncode == 0, done.stdout
    predicted = read_mask(tmp_path / "out" / "c0.nii.gz")
    assert predicted.data.shape == SHAPE
    assert set(np.unique(predicted.data)) <= {0, 1, 2, 3, 4, 5}
    assert np.allclose(nib.nifti1.load(tmp_path / "out" / "c0.nii.gz").affine, AFFINE)


def test_a_contrast_is_left_out_of_half_the_patches_and_never_both(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from nnunetv2.run.run_training import get_trainer_from_args

    for name, value in {**trained.environment, "nnUNet_n_proc_DA": "0", "nnUNet_ext_seed": "1"}.items():
        monkeypatch.setenv(name, value)
    trainer = get_trainer_from_args("8", "tiny", 0, TRAINER, device=torch.device("cpu"))
    trainer.initialize()
    training, validation = (one.data_loader for one in trainer.get_dataloaders())
    empty = [
        [not bool(channel.any()) for channel in image]
        for _ in range(40)
        for image in training.generate_train_batch()["data"]
    ]
    assert not any(all(channels) for channels in empty)
    share = sum(any(channels) for channels in empty) / len(empty)
    assert 0.3 < share < 0.7
    assert {index for channels in empty for index, gone in enumerate(channels) if gone} == {0, 1}
    assert not any(not bool(one.any()) for image in validation.generate_train_batch()["data"] for one in image)
