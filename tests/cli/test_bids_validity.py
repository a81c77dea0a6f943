"""Everything that is written as BIDS, given to the BIDS validator itself where it is installed."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.dataset_conversion.bids_validation import validate_bids
from nnunet_ext.dataset_conversion.source import Source
from tests.cascade.prediction.tiny_model import TinyModel

PROGRAM = "bids-validator-deno"
MODEL = "Dataset900_Tiny/nnUNetTrainer__nnUNetPlans__tiny"
EXTRAS = ["--save_probabilities", "--disagreement", "--centreline"]

pytestmark = pytest.mark.skipif(
    not (Path(sys.executable).with_name(PROGRAM).exists() or shutil.which(PROGRAM)), reason=f"needs {PROGRAM}"
)


def errors(folder: Path) -> list[tuple[str, str]]:
    found = validate_bids(Source("tried", folder))
    assert found, "the validator always has something to recommend"
    return [(issue["code"], issue.get("location", "")) for issue in found if issue["severity"] == "error"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None) -> Callable[..., int]:
    monkeypatch.setenv("nnUNet_results", str(tmp_path / "results"))
    TinyModel(folds=2).write(tmp_path / "results" / MODEL)
    return lambda *arguments: main([str(argument) for argument in arguments])


@pytest.mark.parametrize("naming", ["neuropoly", "manual", "bids"])
def test_phantoms_and_their_masks_are_valid(run: Callable[..., int], tmp_path: Path, naming: str) -> None:
    out = tmp_path / "phantoms"
    assert run("phantom", out, "--sites", "axial-ms", "--patients", 1, "--naming", naming, "--sessions", 2) == 0
    assert errors(out) == []
    assert errors(out / "derivatives" / "labels") == []


def test_the_four_entities_are_valid(run: Callable[..., int], tmp_path: Path) -> None:
    out = tmp_path / "phantoms"
    assert run("phantom", out, "--entities", "--patients", 1, "--naming", "bids") == 0
    assert errors(out) == []
    assert errors(out / "derivatives" / "labels") == []


@pytest.mark.parametrize("naming", ["neuropoly", "bids"])
def test_images_with_injected_lesions_and_their_masks_are_valid(
    run: Callable[..., int], tmp_path: Path, naming: str
) -> None:
    out = tmp_path / "injected"
    assert run("phantom", tmp_path / "bids", "--sites", "axial-ms", "--patients", 1, "--sessions", 2) == 0
    given = ["--own-lesions", "--per-image", 2, "--naming", naming]
    assert run("inject", tmp_path / "bids", "-o", out, *given) == 0
    assert errors(out) == []
    assert errors(out / "derivatives" / "labels") == []


def test_what_every_verb_leaves_is_a_valid_derivative(run: Callable[..., int], tmp_path: Path) -> None:
    bids, model = tmp_path / "bids", ["-m", MODEL, "-device", "cpu", "--disable_tta", "-step_size", 1]
    assert run("phantom", bids, "--sites", "axial-ms", "--patients", 2, "--naming", "bids") == 0
    labels, predicted = bids / "derivatives" / "labels", bids / "derivatives" / "predicted"
    assert run("predict", "-i", bids, "-o", predicted, *model, *EXTRAS) == 0
    for naming in ("neuropoly", "nnunet"):
        assert run("predict", "-i", bids, "-o", tmp_path / naming, *model, *EXTRAS, "--naming", naming) == 0
    assert run("evaluate", labels, predicted, "-o", tmp_path / "scores") == 0
    assert run("biomarkers", "--lesion", labels, "-o", tmp_path / "measured") == 0
    given = ["--reference", labels, "-o", tmp_path / "agreement", "--bootstrap", 100, "--metrics", "dsc"]
    assert run("agreement", predicted, tmp_path / "neuropoly" / "derivatives" / "labels", *given) == 0
    assert run("report", tmp_path / "scores", "-o", tmp_path / "pages") == 0
    folders = [predicted, *(tmp_path / name for name in ("neuropoly", "nnunet", "scores", "measured", "agreement"))]
    for folder in (*folders, tmp_path / "pages", tmp_path / "neuropoly" / "derivatives" / "labels"):
        assert (folder.name, errors(folder)) == (folder.name, [])
