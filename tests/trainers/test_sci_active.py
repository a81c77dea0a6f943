import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnunet_ext.core.errors import DataRefusedError, EnvironmentProblemError, UnsafeModelError, UsageError
from nnunet_ext.core.read_checkpoint import read_checkpoint
from nnunet_ext.trainers.sci_active import WARM_START_VARIABLE, take_weights, warm_start_file
from tests.core.test_read_checkpoint import RunsWhenUnpickled, saved, sound
from tests.trainers.conftest import Prepared

MakeTrainer = Callable[..., Any]


@pytest.fixture(scope="session")
def first_round(prepared: Prepared) -> Path:
    """A model to go on from."""
    run = prepared.train("nnUNetTrainerSCI_3epochs", results="results_first_round")
    assert run.code == 0, run.output
    return run.fold / "checkpoint_final.pth"


def test_it_goes_on_from_a_model_with_its_output_layers(prepared: Prepared, first_round: Path) -> None:
    trainer, results = "nnUNetTrainerSCIActive_1epochs", "results_active"
    run = prepared.train(trainer, results=results, **{WARM_START_VARIABLE: str(first_round)})
    assert run.code == 0, run.output
    assert "Warm start from fold_0/checkpoint_final.pth" in run.output
    before, after = (read_checkpoint(file).weights for file in (first_round, run.fold / "checkpoint_final.pth"))
    scratch = prepared.train("nnUNetTrainerSCI_1epochs", results=results)
    other = read_checkpoint(scratch.fold / "checkpoint_final.pth").weights
    heads = [name for name in before if "seg_layers" in name and name.endswith("weight")]
    assert heads
    moved = {name: float((after[name] - before[name]).abs().max()) for name in heads}
    assert max(moved.values()) > 0  # that of the lowest resolution has no weight in the loss
    for name in heads:
        assert moved[name] < 0.1 * float((other[name] - before[name]).abs().max())


def test_a_resumed_training_does_not_start_over_from_the_model(prepared: Prepared, first_round: Path) -> None:
    trainer, results = "nnUNetTrainerSCIActive_2epochs", "results_resumed"
    run = prepared.train(trainer, results=results, **{WARM_START_VARIABLE: str(first_round)})
    assert run.code == 0, run.output
    again = prepared.train(trainer, "--c", results=results)  # which needs no model any more
    assert again.code == 0, again.output
    assert "Warm start" not in again.output
    validated = prepared.train(trainer, "--val", results=results)
    assert validated.code == 0, validated.output


def test_its_learning_rate_is_a_tenth(make_trainer: MakeTrainer) -> None:
    trainer, plain = make_trainer("nnUNetTrainerSCIActive_3epochs"), make_trainer()
    trainer.initialize()
    plain.initialize()
    rate, usual = (one.optimizer.param_groups[0]["lr"] for one in (trainer, plain))
    assert rate == pytest.approx(usual / 10)


@pytest.mark.parametrize("environment", [{}, {WARM_START_VARIABLE: "  "}])
def test_without_a_model_it_does_not_train_from_scratch_in_silence(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=f"export {WARM_START_VARIABLE}="):
        warm_start_file(environment)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblemError, match=r"nothing\.pth"):
        warm_start_file({WARM_START_VARIABLE: str(tmp_path / "nothing.pth")})


def test_a_model_of_another_network_is_refused_and_nothing_is_loaded() -> None:
    import torch
    from torch import nn

    network, other = nn.Conv3d(1, 2, 3), nn.Conv3d(1, 3, 3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for weights in (other.state_dict(), {"weight": before["weight"]}, {}):
        with pytest.raises(DataRefusedError, match="weights of this very network"):
            take_weights(network, weights, Path("model.pth"))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_model_that_would_run_code_stops_the_training_before_it_begins(
    prepared: Prepared, first_round: Path, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    evil = saved(tmp_path / "evil.pth", sound(logging=RunsWhenUnpickled(marker)))
    run = prepared.train("nnUNetTrainerSCIActive_1epochs", results="results_evil", **{WARM_START_VARIABLE: str(evil)})
    assert run.code != 0
    assert UnsafeModelError.__name__ in run.output
    assert not marker.exists()
    shutil.rmtree(run.fold.parent)
