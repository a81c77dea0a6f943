"""A folder one level too high or too low, given to every verb: the answer names the right one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.target import load_target
from tests.cascade.prediction.tiny_model import TinyModel
from tests.conftest import SmallBids

AFFINE = np.diag([-0.5, 0.5, 4.0, 1.0])
NAME = "Dataset501_Cord"
MODEL = f"{NAME}/nnUNetTrainer__nnUNetPlans__3d_fullres"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a BIDS dataset, one of nnU-Net, a trained model, and what verbs left."""
    root = tmp_path / "data"
    (root / "bids").mkdir(parents=True)
    SmallBids(root / "bids").case("sub-1_T2w")
    mask = np.zeros((12, 14, 10), dtype=np.uint8)
    mask[3:9, 4:10] = 1
    raw = root / "nnUNet_raw" / NAME
    write_json(raw / "dataset.json", {**load_target("cord-lesion").nnunet_keys(), "file_ending": ".nii.gz"})
    for folder in ("labelsTr", "labelsTs"):
        write_mask(raw / folder / "a.nii.gz", mask, AFFINE)
        write_image(raw / folder.replace("labels", "images") / "a_0000.nii.gz", mask.astype(np.float32), AFFINE)
    TinyModel().write(root / "nnUNet_results" / MODEL)
    write_mask(root / "nnUNet_results" / MODEL / "fold_0" / "validation" / "a.nii.gz", mask, AFFINE)
    for name in ("metrics.tsv", "cases_biomarkers.tsv"):
        write_text(root / "left" / "scores" / name, "case\n")
    for variable in ("nnUNet_raw", "nnUNet_results"):
        monkeypatch.setenv(variable, str(root / variable))
    return root


@pytest.fixture
def refused(lab: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        given = [str(lab / word[1:]) if word.startswith("@") else word for word in arguments]
        assert main(given) in (2, 3, 4)
        return capsys.readouterr().err

    return run


LABELS = "nnUNet_raw/Dataset501_Cord/labelsTs"
VALIDATION = f"nnUNet_results/{MODEL}/fold_0/validation"
WRONG = [
    (["evaluate", "@nnUNet_raw/Dataset501_Cord", f"@{LABELS}"], LABELS),
    (["evaluate", "@nnUNet_raw", f"@{LABELS}"], LABELS),
    (["evaluate", f"@{LABELS}", f"@nnUNet_results/{NAME}"], VALIDATION),
    (["evaluate", f"@{LABELS}", f"@nnUNet_results/{MODEL}"], VALIDATION),
    (["evaluate", "@.", f"@{LABELS}"], "bids/derivatives/labels"),
    (["biomarkers", "--lesion", "@nnUNet_raw/Dataset501_Cord"], LABELS),
    (["agreement", "@left", "@left/scores"], "left/scores"),
    (["agreement", "@nnUNet_raw", f"@{VALIDATION}", "--reference", f"@{LABELS}"], LABELS),
    (["convert", "@.", "-d", "7", "-n", "X"], "bids"),
    (["convert", "@bids/sub-1", "-d", "7", "-n", "X"], "bids"),
    (["convert", "@bids/sub-1/anat", "-d", "7", "-n", "X"], "bids"),
    (["convert", "@bids/derivatives", "-d", "7", "-n", "X"], "bids"),
    (["predict", "-i", "@.", "-m", MODEL], "bids"),
    (["predict", "-i", "@bids/sub-1", "-m", MODEL], "bids"),
    (["predict", "-i", "@nnUNet_raw/Dataset501_Cord", "-m", MODEL], "nnUNet_raw/Dataset501_Cord/imagesTs"),
    (["predict", "-i", "@bids", "-m", f"@nnUNet_results/{NAME}"], f"nnUNet_results/{MODEL}"),
    (["predict", "-i", "@bids", "-m", NAME], f"nnUNet_results/{MODEL}"),
    (["predict", "-i", "@bids", "-m", f"@nnUNet_results/{MODEL}/fold_0"], f"nnUNet_results/{MODEL}"),
    (["report", "@left"], "left/scores"),
    (["report", "@left/scores/cases"], "left/scores"),
    (["model", "export", f"@nnUNet_results/{NAME}"], f"nnUNet_results/{MODEL}"),
    (["model", "export", f"@nnUNet_results/{MODEL}/fold_0"], f"nnUNet_results/{MODEL}"),
    (
        ["crop-dataset", f"@{LABELS}", "-d", "9", "-n", "X", "--cords", f"@nnUNet_results/{MODEL}", "--no-oof-check"],
        "Dataset501_Cord",
    ),
    (["crop-dataset", "501", "-d", "9", "-n", "X", "--cords", f"@nnUNet_results/{NAME}"], f"nnUNet_results/{MODEL}"),
    (["crop-dataset", "501", "-d", "9", "-n", "X", "--cords", f"@nnUNet_results/{MODEL}/fold_0"], MODEL),
]


@pytest.mark.parametrize(("arguments", "right"), WRONG, ids=[" ".join(words[:4]) for words, _ in WRONG])
def test_the_right_folder_is_named(
    lab: Path, refused: Callable[..., str], arguments: list[str], right: str, tmp_path: Path
) -> None:
    (lab / "left" / "scores" / "cases").mkdir()
    with_output = arguments[0] not in ("convert", "crop-dataset")
    said = refused(
        *arguments,
        *(["-o", str(tmp_path / "out.zip" if "export" in arguments else tmp_path / "out")] if with_output else []),
    )
    assert "; did you mean: " in said
    meant = said.partition("; did you mean: ")[2].partition("?")[0].split(" or ")
    assert any(folder.endswith(right) for folder in meant), said


def test_of_a_dataset_its_test_labels_are_named(lab: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    said = refused("evaluate", f"@nnUNet_raw/{NAME}", f"@{LABELS}", "-o", str(tmp_path / "out"))
    assert f"did you mean: {lab / LABELS}?" in said


def test_of_a_dataset_with_several_derivatives_each_is_named(
    lab: Path, refused: Callable[..., str], tmp_path: Path
) -> None:
    labels = lab / "bids" / "derivatives" / "labels"
    for file in labels.rglob("*.nii.gz"):
        other = lab / "bids" / "derivatives" / "mine" / file.relative_to(labels)
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(file.read_bytes())
    said = refused("evaluate", "@bids", f"@{LABELS}", "-o", str(tmp_path / "out"))
    assert f"name {labels} or {labels.with_name('mine')}" in said
