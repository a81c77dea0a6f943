import shutil
from pathlib import Path

import pytest

from nnunet_ext.core.errors import EnvironmentProblemError, UnsafeModelError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.read_checkpoint import read_checkpoint
from nnunet_ext.models.load import load_model
from tests.core.test_read_checkpoint import RunsWhenUnpickled, saved, sound
from tests.models.conftest import MODEL, TRAINER, Trained


@pytest.fixture
def model(trained: Trained, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(trained.folder, tmp_path / "model"))


def test_a_checkpoint_of_a_real_training_is_read_in_full(trained: Trained) -> None:
    import torch

    path = trained.folder / "fold_0" / "checkpoint_final.pth"
    with pytest.raises(Exception, match="numpy"):
        torch.load(path, weights_only=True)
    read, whole = read_checkpoint(path), torch.load(path, weights_only=False)
    assert (read.trainer, read.configuration, read.mirroring_axes) == (TRAINER, "tiny", (2,))
    assert list(read.weights) == list(whole["network_weights"])
    assert all(torch.equal(tensor, whole["network_weights"][name]) for name, tensor in read.weights.items())


def test_a_trained_model_is_loaded_under_the_name_that_nnunet_gave_it(trained: Trained) -> None:
    loaded = load_model(trained.folder)
    assert loaded.name == MODEL
    assert (loaded.trainer, loaded.configuration, loaded.mirroring_axes) == (TRAINER, "tiny", (2,))
    assert [fold.name for fold in loaded.folds] == ["0"]
    assert loaded.folds[0].sha256 == sha256(trained.folder / "fold_0" / "checkpoint_final.pth")
    assert list(loaded.dataset_json["labels"])[:3] == ["background", "sc", "lesion"]


def test_fold_all_is_taken_only_where_there_is_no_other(model: Path) -> None:
    shutil.copytree(model / "fold_0", model / "fold_all")
    assert [fold.name for fold in load_model(model).folds] == ["0"]
    assert [fold.name for fold in load_model(model, ["all"]).folds] == ["all"]
    shutil.rmtree(model / "fold_0")
    assert [fold.name for fold in load_model(model).folds] == ["all"]


def test_a_missing_model_fold_or_checkpoint_is_told_with_the_way_out(model: Path, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblemError, match=r"plans.json and dataset.json missing.*ls -d"):
        load_model(tmp_path)
    with pytest.raises(EnvironmentProblemError, match="fold_3"):
        load_model(model, ["3"])
    with pytest.raises(EnvironmentProblemError, match=r"checkpoint_old.pth.*-chk"):
        load_model(model, checkpoint="checkpoint_old.pth")


def test_a_checkpoint_that_would_run_code_is_refused_and_runs_none(model: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    evil = sound(logging=RunsWhenUnpickled(marker))
    saved(model / "fold_0" / "checkpoint_final.pth", evil)
    with pytest.raises(UnsafeModelError):
        load_model(model)
    assert not marker.exists()


def test_plans_that_name_a_system_call_are_refused(model: Path) -> None:
    plans = model / "plans.json"
    text = plans.read_text(encoding="utf-8")
    changed = text.replace("torch.nn.modules.conv.Conv3d", "os.system")
    assert changed != text
    plans.write_text(changed, encoding="utf-8")
    with pytest.raises(UnsafeModelError, match=r"os\.system"):
        load_model(model)


def test_folds_that_do_not_belong_together_are_refused(model: Path) -> None:
    (model / "fold_1").mkdir()
    saved(model / "fold_1" / "checkpoint_final.pth", sound(trainer_name="nnUNetTrainerOther"))
    with pytest.raises(UnsafeModelError, match="several trainers"):
        load_model(model)
