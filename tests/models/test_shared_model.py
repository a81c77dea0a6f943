from pathlib import Path

import numpy as np

from nnunet_ext.core.nifti_read import read_mask
from tests.models.conftest import DATASET, SHARED, TRAINER, Trained


def predict(trained: Trained, trainer: str, out: Path, **variables: str) -> None:
    images = out.with_name("images")
    images.mkdir(exist_ok=True)
    source = sorted((trained.prepared.root / "raw" / DATASET / "imagesTr").glob("*_0000.nii.gz"))[0]
    (images / "patient_0000.nii.gz").write_bytes(source.read_bytes())
    options = ["-c", "tiny", "-tr", trainer, "-f", "0", "-device", "cpu", "-npp", "0", "-nps", "0"]
    where = ["-i", str(images), "-o", str(out), "-d", DATASET]
    trained.nnunet("nnUNetv2_predict", *where, *options, "--save_probabilities", **variables)


def test_stock_nnunet_installs_our_zip_and_predicts_the_same_to_the_last_bit(
    trained: Trained, exported: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "another lab"
    elsewhere.mkdir()
    nothing_of_ours = {
        "nnUNet_results": str(elsewhere), "nnUNet_extTrainer": "", "nnUNet_raw": "", "nnUNet_preprocessed": "",
    }  # fmt: skip
    trained.nnunet("nnUNetv2_install_pretrained_model_from_zip", str(exported), **nothing_of_ours)
    assert (elsewhere / SHARED / "fold_0" / "checkpoint_final.pth").is_file()
    predict(trained, "nnUNetTrainer", tmp_path / "shared", **nothing_of_ours)
    predict(trained, TRAINER, tmp_path / "original")
    masks = [read_mask(tmp_path / name / "patient.nii.gz").data for name in ("shared", "original")]
    assert np.array_equal(masks[0], masks[1])
    both = [np.load(tmp_path / name / "patient.npz")["probabilities"] for name in ("shared", "original")]
    assert np.array_equal(both[0], both[1])
    assert both[0].std() > 0  # an untrained network says nothing, but not the same everywhere


def test_sct_finds_what_it_looks_for(exported: Path, tmp_path: Path) -> None:
    """SCT takes the zip's only folder, and there the only `nnUNetTrainer*` with these files."""
    import json
    import zipfile

    zipfile.ZipFile(exported).extractall(tmp_path)
    (unpacked,) = tmp_path.iterdir()
    (model,) = unpacked.glob("nnUNetTrainer*")
    dataset = json.loads((model / "dataset.json").read_text())
    assert dataset["image_orientation"] == "RPI"
    assert list(dataset["labels"])[:3] == ["background", "sc", "lesion"]
    assert [int(path.parent.name.removeprefix("fold_")) for path in model.glob("fold_*/checkpoint_final.pth")] == [0]
    assert not (model / "trainer_class.py").exists()
