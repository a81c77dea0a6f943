"""nnU-Net's own features around a training: its cascade, --val, -pretrained_weights, --npz, and several processes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nnunet_server import run_at_once
from tests.trainers.conftest import Prepared

MakeTrainer = Callable[..., Any]
TRAINER = "nnUNetTrainerSCI_1epochs"


@pytest.fixture
def cascaded(prepared: Prepared) -> Iterator[Prepared]:
    """With nnU-Net's own cascade of two configurations in the plans."""
    kept = prepared.plans.read_text()
    plans: dict[str, Any] = json.loads(kept)
    plans["configurations"]["tiny_low"] = {"inherits_from": "tiny", "next_stage": "tiny_next"}
    plans["configurations"]["tiny_next"] = {"inherits_from": "tiny", "previous_stage": "tiny_low"}
    prepared.plans.write_text(json.dumps(plans))
    yield prepared
    prepared.plans.write_text(kept)


def test_both_stages_of_nnunets_own_cascade_can_be_trained(cascaded: Prepared) -> None:
    low = cascaded.train(TRAINER, results="results_cascade", configuration="tiny_low", fold="all")
    assert low.code == 0, low.output
    handed_on = low.fold.parent / "predicted_next_stage" / "tiny_next"
    assert len(list(handed_on.iterdir())) == 6
    full = cascaded.train(TRAINER, results="results_cascade", configuration="tiny_next", fold="all")
    assert full.code == 0, full.output
    assert (full.fold / "checkpoint_final.pth").is_file()


def test_a_finished_training_is_validated_again_with_probabilities(prepared: Prepared) -> None:
    run = prepared.train(TRAINER, results="results_val")
    assert run.code == 0, run.output
    summary = run.fold / "validation" / "summary.json"
    before = summary.read_text()
    summary.unlink()
    again = prepared.train(TRAINER, "--val", "--npz", results="results_val")
    assert again.code == 0, again.output
    assert json.loads(summary.read_text())["foreground_mean"] == json.loads(before)["foreground_mean"]
    assert list(summary.parent.glob("*.npz"))


def test_nnunets_pretrained_weights_are_taken(prepared: Prepared) -> None:
    first = prepared.train(TRAINER, results="results_pretrained")
    weights = str(first.fold / "checkpoint_final.pth")
    run = prepared.train("nnUNetTrainerSCI_2epochs", "-pretrained_weights", weights, results="results_pretrained")
    assert run.code == 0, run.output
    assert "Loading pretrained weights" in run.output


# nnU-Net starts its processes with NCCL, which needs GPUs. The same training, over gloo and without: nnU-Net's line
# that puts the network on the GPU of its rank is the one thing that is different.
_RANK = """
import sys
from pathlib import Path
import torch
import torch.distributed as dist
import nnunetv2.training.nnUNetTrainer.nnUNetTrainer as host
from nnunetv2.run.run_training import get_trainer_from_args

rank, meeting = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
wrapped = host.DDP
host.DDP = lambda network, device_ids: wrapped(network)
host.nn.SyncBatchNorm.convert_sync_batchnorm = staticmethod(lambda network: network)
trainer = get_trainer_from_args("7", "tiny", 0, sys.argv[3], device=torch.device("cpu"))
trainer.device = torch.device("cpu")
trainer.grad_scaler = None
trainer.run_training()
total = sum(float(value.double().sum()) for value in trainer.network.module.state_dict().values())
print(f"WEIGHTS {total!r}")
print(f"BATCH {trainer.batch_size}")
dist.destroy_process_group()
"""


def test_several_processes_train_one_network_together(prepared: Prepared, tmp_path: Path) -> None:
    (prepared.plans.parent / "spine_plan.json").unlink(missing_ok=True)
    environment = {**prepared.environment, "nnUNet_results": str(prepared.root / "results_ddp")}
    meeting = str(tmp_path / "meeting")
    ranks = run_at_once([["-c", _RANK, rank, meeting, "nnUNetTrainerSCI_2epochs"] for rank in "01"], environment)
    assert [rank.returncode for rank in ranks] == [0, 0], ranks
    weights, batches = ([_told(rank.stdout, what) for rank in ranks] for what in ("WEIGHTS", "BATCH"))
    assert weights[0] == weights[1]
    assert batches == ["1", "1"]  # of two
    fold = prepared.fold("nnUNetTrainerSCI_2epochs", "results_ddp")
    assert (fold / "checkpoint_final.pth").is_file()
    assert len((fold / "progress.tsv").read_text().splitlines()) == 3
    assert (prepared.plans.parent / "spine_plan.json").is_file()


def _told(output: str, what: str) -> str:
    return next(line.removeprefix(f"{what} ") for line in output.splitlines() if line.startswith(f"{what} "))
