"""A tiny preprocessed dataset, made once with nnU-Net's own commands."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nnunet_ext.core.environment import nnunet_variables
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.conftest import SmallBids
from tests.nnunet_server import ONE_PROCESS, run_nnunet
from tests.tiny_configuration import add_tiny_configuration

SETTINGS = {"iterations_per_epoch": 2, "validation_iterations_per_epoch": 1, "save_every": 1, "progress_seconds": 0.0}


@dataclass(frozen=True)
class Prepared:
    """A root with the raw and preprocessed dataset 7, and the environment to run nnU-Net on it."""

    root: Path
    environment: Mapping[str, str]

    @property
    def plans(self) -> Path:
        return self.root / "preprocessed" / "Dataset007_Cord" / "nnUNetPlans.json"

    def fold(self, trainer: str, results: str = "results", configuration: str = "tiny", fold: str = "0") -> Path:
        model = f"{trainer}__nnUNetPlans__{configuration}"
        return self.root / results / "Dataset007_Cord" / model / f"fold_{fold}"

    def train(
        self,
        trainer: str,
        *arguments: str,
        start_method: str | None = None,
        results: str = "results",
        configuration: str = "tiny",
        fold: str = "0",
        **variables: str,
    ) -> "Run":
        """Run the unmodified `nnUNetv2_train`, anew where one of Python's ways to start workers is named."""
        command = ["7", configuration, fold, "-tr", trainer, "-device", "cpu", *arguments]
        environment = {**self.environment, "nnUNet_results": str(self.root / results), **variables}
        if start_method is None:
            done = run_nnunet(["nnUNetv2_train", *command], environment)
        else:
            code = (
                f"import multiprocessing, sys; multiprocessing.set_start_method({start_method!r})\n"
                "from nnunetv2.run.run_training import run_training_entry\n"
                "run_training_entry()"
            )
            done = subprocess.run(
                [sys.executable, "-c", code, *command],
                env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            )  # fmt: skip
        return Run(done.returncode, done.stdout, self.fold(trainer, results, configuration, fold))


@dataclass(frozen=True)
class Run:
    """What a training left."""

    code: int
    output: str
    fold: Path


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Convert six tiny patients, plan and preprocess them, and add a configuration that trains in a blink.

    Nobody has looked for lesions in one of them.
    """
    root = tmp_path_factory.mktemp("nnunet")
    bids = SmallBids(root / "site")
    for number in range(6):
        bids.case(f"sub-{number}_T2w")
    (bids.root / "derivatives/labels/sub-5/anat/sub-5_T2w_label-lesion_seg.nii.gz").unlink()
    sources = name_sources([str(bids.root)])
    plan = make_plan(
        sources,
        {"site": load_profile("auto")},
        load_target("cord-lesion"),
        PlanOptions(test_fraction=0.0, seed=1, missing={"lesion": "ignore"}),
    )
    write_dataset(RawDataset.named(root / "raw", 7, "Cord"), plan)
    ours = nnunet_variables(root, {})
    prepared = Prepared(root, {**os.environ, **ours, **ONE_PROCESS})
    command = ["nnUNetv2_plan_and_preprocess", "-d", "7", "-c", "3d_fullres", "-np", "1", "-npfp", "1"]
    planned = run_nnunet(command, prepared.environment)
    assert planned.returncode == 0, planned.stdout
    add_tiny_configuration(prepared.plans, SETTINGS)
    return prepared


@pytest.fixture
def make_trainer(prepared: Prepared, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Build a trainer in this process, as `nnUNetv2_train` does, with its results in a folder of its own."""
    for name, value in prepared.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("nnUNet_results", str(tmp_path / "results"))

    def make(name: str = "nnUNetTrainerSCI_3epochs", seed: int | None = None, configuration: str = "tiny") -> Any:  # noqa: ANN401 - a trainer
        import torch
        from nnunetv2.run.run_training import get_trainer_from_args

        if seed is not None:
            monkeypatch.setenv("nnUNet_ext_seed", str(seed))
        return get_trainer_from_args("7", configuration, 0, name, device=torch.device("cpu"))

    return make
