import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.cli.train_default import command
from nnunet_ext.cli.train_default.command import TrainDefault
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.models.default_card import read_card
from nnunet_ext.models.default_models import NAMES, PLACE, default_models
from nnunet_ext.models.load import load_model
from nnunet_ext.trainers import synthetic_plans
from nnunet_ext.trainers.synthetic_recipe import RECIPES
from tests.nnunet_server import ONE_PROCESS, run_nnunet

PREDICT = """
import sys, numpy as np, torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
predictor = nnUNetPredictor(device=torch.device("cpu"), use_mirroring=False, allow_tqdm=False)
predictor.initialize_from_trained_model_folder(sys.argv[1], use_folds=("all",))
image = np.random.default_rng(0).normal(size=(1, 20, 40, 40)).astype(np.float32)
print("shape", predictor.predict_single_npy_array(image, {"spacing": [2.0, 1.0, 1.0]}).shape)
"""


@pytest.fixture
def small_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes of tiny patches and bodies: the training itself is a real process."""
    tiny = [
        replace(one, patch=(16, 32, 32), map_shape=(30, 84, 80), margin=(4, 8, 8), maps=2, folds=("all",))
        for one in RECIPES
    ]
    monkeypatch.setattr(command, "RECIPES", tiny)
    monkeypatch.setattr(synthetic_plans, "STEPS", 2)
    for name, value in ONE_PROCESS.items():
        monkeypatch.setenv(name, value)


def asked(out: Path, **changes: object) -> TrainDefault:
    usual = TrainDefault(out, ("cord",), epochs=1, maps=2, seed=5, device="cpu", figures=None, n_procs=1)
    return replace(usual, **changes)  # type: ignore[arg-type]


def files(folder: Path) -> dict[str, str]:
    return {file.relative_to(folder).as_posix(): sha256(file) for file in folder.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("small_recipes")
def test_a_model_is_made_that_its_card_describes_and_stock_nnunet_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps({"cards": {"cord": {"median Dice": 0.9}, "cord-lesion": {"F1": 0.5}}}))
    out = tmp_path / "made"
    assert asked(out, figures=figures).run() == 0
    model = out / "models" / "cord"
    card = read_card(model)
    assert card is not None
    assert dict(card.figures) == {"median Dice": 0.9}
    assert "--seed 5" in card.training["made by"]
    assert "never seen a patient" in card.warning
    assert {Path(name).name for name in card.files} == {"plans.json", "dataset.json", "checkpoint_final.pth"}
    assert [one.problem == "" for one in default_models({PLACE: str(out / "models")})] == [
        name == "cord" for name in NAMES
    ]
    loaded = load_model(model)
    assert loaded.mirroring_axes is None
    assert set(loaded.dataset_json["crop"]["margins_mm"].values()) == {RECIPES[1].box_mm}
    done = run_nnunet(["-c", PREDICT, str(model)], dict(os.environ))
    assert "shape (20, 40, 40)" in done.stdout
    capsys.readouterr()
    before = files(out / "models")
    assert asked(out, figures=figures).run() == 0
    assert capsys.readouterr().out.count("done before") == 2
    assert files(out / "models") == before


@pytest.mark.usefixtures("small_recipes")
def test_a_longer_training_keeps_the_bodies_and_another_seed_draws_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[list[str]] = []
    monkeypatch.setattr(NnunetProcess, "run", lambda _, __, arguments, *___, **____: trained.append(arguments))
    monkeypatch.setattr(command, "ship_model", lambda *_, **__: None)
    asked(tmp_path).run()
    asked(tmp_path, epochs=2).run()
    assert capsys.readouterr().out.count("done before") == 1
    asked(tmp_path, epochs=2, seed=6).run()
    assert capsys.readouterr().out.count("done before") == 0
    assert [arguments[4] for arguments in trained] == [f"nnUNetTrainerSynthetic_{epochs}epochs" for epochs in (1, 2, 2)]


def test_figures_of_another_form_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps({"cord": {"median Dice": 0.9}}))
    with pytest.raises(FileRefusedError, match="default_models"):
        asked(tmp_path / "made", figures=figures).run()
    assert not (tmp_path / "made").exists()


def test_negative_numbers_and_unknown_models_are_usage_errors(tmp_path: Path) -> None:
    for wrong in (["--epochs", "-1"], ["--models", "heart"], ["--maps", "4"]):
        program = [sys.executable, "-m", "nnunet_ext.cli.main", "train-default", str(tmp_path / "out"), *wrong]
        assert subprocess.run(program, capture_output=True, check=False).returncode == 2
    assert not (tmp_path / "out").exists()
