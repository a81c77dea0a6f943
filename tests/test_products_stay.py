"""What `phantom`, `convert` and `predict` write stays what it was, however the code is moved about.

Masks, tables and names are held by their checksum. Brightness is held by its mean: processors round the last digits of
a sine differently.
"""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.nifti_read import read_mask, read_volume
from tests.cascade.prediction.tiny_model import TinyModel

PHANTOM: Final = "4cf1f1f8c9679625"
CONVERT: Final = "410ee239f5bb08f5"
BRIGHTNESS: Final = {"sci": 172.0007, "ms": 373.1435, "iso": 128.7935}
PREDICTED: Final = {"sc": 208927, "lesion": 130522}
SINCE: Final = ("person", "pathology", "image_sha256")  # came later, or hang on the last digits of an image


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A patient of each site, converted, and one of them segmented by a network with the weights of chance."""
    root = tmp_path_factory.mktemp("products")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("nnUNet_raw", str(root / "raw"))
        patch.setenv("nnUNet_results", str(root / "results"))
        patch.delenv("nnUNet_preprocessed", raising=False)
        model = "Dataset900_Tiny/nnUNetTrainer__nnUNetPlans__tiny"
        TinyModel().write(root / "results" / model)
        assert main(["phantom", str(root / "bids"), "--patients", "1", "--seed", "3"]) == 0
        assert main(["convert", str(root / "bids"), "-d", "7", "-n", "Cord", "--pictures", "0"]) == 0
        image = root / "bids" / "sub-ms001" / "anat" / "sub-ms001_acq-ax_T2w.nii.gz"
        given = ["predict", "-i", str(image), "-o", str(root / "predicted"), "-m", model]
        assert main([*given, "-device", "cpu", "--disable_tta"]) == 0
    return root


def digest(content: Any) -> str:  # noqa: ANN401 - whatever json takes
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def masks(folder: Path) -> dict[str, list[Any]]:
    found = {}
    for file in sorted(folder.rglob("*.nii.gz")):
        mask = read_mask(file)
        whole = hashlib.sha256(np.ascontiguousarray(mask.data).tobytes()).hexdigest()
        found[str(file.relative_to(folder))] = [whole, mask.data.shape, mask.affine.round(3).tolist()]
    return found


def test_the_phantom_is_what_it_was(products: Path) -> None:
    root = products / "bids"
    names = sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())
    tables = [(root / name).read_text() for name in ("participants.tsv", ".bidsignore")]
    assert digest([names, tables, masks(root / "derivatives" / "labels")]) == PHANTOM
    for site, mean in BRIGHTNESS.items():
        (file,) = root.glob(f"sub-{site}001/anat/*.nii.gz")
        assert float(read_volume(file).data.mean()) == pytest.approx(mean, rel=1e-4)


def test_a_conversion_is_what_it_was(products: Path) -> None:
    root = products / "raw" / "Dataset007_Cord"
    with (root / "cases.tsv").open(newline="") as stream:
        rows = [{k: v for k, v in row.items() if k not in SINCE} for row in csv.DictReader(stream, delimiter="\t")]
    images = sorted(str(file.relative_to(root)) for file in root.glob("images*/*"))
    labels = {folder.name: masks(folder) for folder in sorted(root.glob("labels*"))}
    described = json.loads((root / "dataset.json").read_text())
    assert digest([rows, images, labels, list(described["labels"].items())]) == CONVERT


def test_a_prediction_is_what_it_was(products: Path) -> None:
    folder = products / "predicted"
    for region, voxels in PREDICTED.items():
        mask = read_mask(next(folder.rglob(f"*label-{'SC' if region == 'sc' else region}*_mask.nii.gz")))
        image = read_volume(products / "bids" / "sub-ms001" / "anat" / "sub-ms001_acq-ax_T2w.nii.gz")
        assert mask.data.shape == image.data.shape
        np.testing.assert_allclose(mask.affine, image.affine, atol=1e-4)
        # A few voxels lie so near to the threshold that another processor may put them on its other side.
        assert int(mask.data.sum()) == pytest.approx(voxels, rel=2e-3)
