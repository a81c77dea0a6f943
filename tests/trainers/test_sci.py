import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.trainers.settings import PLANS_KEY, SEED_VARIABLE, TrainerSettings
from tests.trainers.conftest import Prepared, Run

MakeTrainer = Callable[..., Any]


def trained_whole(run: Run, epochs: int, of_this_run: int) -> None:
    assert run.code == 0, run.output
    assert (run.fold / "checkpoint_final.pth").stat().st_size > 1000
    assert (run.fold / "validation" / "summary.json").is_file()
    assert (run.fold / "progress.png").stat().st_size > 1000
    assert run.output.count("Pseudo dice by region: sc ") == of_this_run
    assert f"epoch {epochs}/{epochs}  step 1/2  loss" in run.output
    with (run.fold / "progress.tsv").open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(epochs)]
    assert {"dice_sc", "dice_lesion", "train_loss"} <= set(rows[0])


def test_unmodified_nnunet_trains_it_with_workers_that_inherit_nothing(prepared: Prepared) -> None:
    run = prepared.train("nnUNetTrainerSCI_2epochs", start_method="spawn", results="results_spawn")  # fork is below
    trained_whole(run, epochs=2, of_this_run=2)


def test_a_killed_training_goes_on_from_its_last_epoch(prepared: Prepared) -> None:
    trainer, results = "nnUNetTrainerSCI_4epochs", "results_killed"
    command = [str(Path(sys.executable).parent / "nnUNetv2_train"), "7", "tiny", "0", "-tr", trainer, "-device", "cpu"]
    environment = {**prepared.environment, "nnUNet_results": str(prepared.root / results), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "epoch 3/4  step 1/2" in line:
                os.killpg(process.pid, signal.SIGKILL)
                break
    table = prepared.fold(trainer, results) / "progress.tsv"
    before = table.read_text().splitlines()
    assert len(before) == 3
    run = prepared.train(trainer, "--c", start_method="fork", results=results)
    trained_whole(run, epochs=4, of_this_run=2)
    after = table.read_text().splitlines()
    assert after[:3] == before
    assert len(after) == 5


def test_an_epoch_without_foreground_does_not_freeze_the_best_checkpoint(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    trainer.initialize()
    best = []
    for dice in (None, 0.5, None, 0.9):
        trainer.on_epoch_start()
        trainer.logger.log("lrs", 0.01, trainer.current_epoch)
        trainer.logger.log("train_losses", 0.1, trainer.current_epoch)
        with np.errstate(invalid="ignore", divide="ignore"):
            trainer.on_validation_epoch_end([_validation_output(dice)])
        trainer.on_epoch_end()
        best.append(trainer._best_ema)
    assert np.isfinite(best).all()
    assert best == [0.0, pytest.approx(0.5), pytest.approx(0.5), pytest.approx(0.54)]
    assert (Path(trainer.output_folder) / "checkpoint_best.pth").is_file()


def test_a_best_score_left_as_nan_by_an_older_run_is_forgotten(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer()
    trainer.initialize()
    trainer._best_ema = float("nan")
    trainer.save_checkpoint(str(tmp_path / "old.pth"))
    resumed = make_trainer()
    resumed.load_checkpoint(str(tmp_path / "old.pth"))
    assert resumed._best_ema is None


def test_a_seed_gives_the_same_network_and_another_seed_another(make_trainer: MakeTrainer) -> None:
    weights = []
    for seed in (3, 3, 4):
        trainer = make_trainer(seed=seed)
        trainer.initialize()
        weights.append(np.concatenate([p.detach().numpy().ravel() for p in trainer.network.parameters()]))
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_a_seed_gives_the_same_patches(make_trainer: MakeTrainer) -> None:
    batches = []
    for _ in range(2):
        trainer = make_trainer(seed=5)
        trainer.initialize()
        loaders = trainer.get_dataloaders()
        batches.append([next(loaders[0])["data"].numpy() for _ in range(3)])
        for loader in loaders:
            loader._finish()
    np.testing.assert_array_equal(batches[0], batches[1])


def test_only_left_and_right_are_mirrored(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    *_, mirrored = trainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size()
    transpose = trainer.plans_manager.transpose_forward
    assert [transpose[axis] for axis in mirrored] == [2]  # the files lie in LAS and are read as S, A, L
    assert trainer.inference_allowed_mirroring_axes == mirrored


@pytest.mark.parametrize("seed", ["lucky", "-1", "1.5", "²"])
def test_a_seed_that_is_no_number_is_told_by_name(seed: str) -> None:
    with pytest.raises(UsageError, match=f"nnUNet_ext_seed needs a whole number, found '{seed}'"):
        TrainerSettings.read({}, {SEED_VARIABLE: seed})


@pytest.mark.parametrize("seed", ["1", -1, 1.5, True])
def test_a_seed_in_the_plans_that_is_none_is_told_by_name(seed: object) -> None:
    with pytest.raises(DataRefusedError, match="seed needs a whole number from 0"):
        TrainerSettings.read({PLANS_KEY: {"seed": seed}}, {})


def test_a_seed_of_nought_is_one_and_holds_over_that_of_the_plans() -> None:
    assert TrainerSettings.read({PLANS_KEY: {"seed": 7}}, {SEED_VARIABLE: "0"}).seed == 0
    assert TrainerSettings.read({PLANS_KEY: {"seed": 0}}, {}).seed == 0
    assert TrainerSettings.read({PLANS_KEY: {"seed": 7}}, {SEED_VARIABLE: str(2**64)}).seed == 2**64


def _validation_output(dice: float | None) -> dict[str, Any]:
    """Counts of two regions that give this Dice, or none where no voxel is foreground."""
    hits = 0.0 if dice is None else dice
    misses = 0.0 if dice is None else 2 * (1 - dice)
    return {
        "loss": np.array(0.5),
        "tp_hard": np.array([hits, hits]),
        "fp_hard": np.array([misses, misses]),
        "fn_hard": np.zeros(2),
    }
