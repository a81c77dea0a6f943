"""The model that every strategy of a simulation starts from with a seed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.active_learning.simulate.layout import Home, Simulation
from nnunet_ext.cli.active.train_folds import train_alone
from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.core.atomic import TEMPORARY_MARK
from nnunet_ext.core.environment import environment_variable, nnunet_variables, preprocessed_folder, required_folder
from nnunet_ext.core.errors import UsageError
from nnunet_ext.models.entry_names import FINAL
from nnunet_ext.trainers.settings import SEED_VARIABLE


@dataclass(frozen=True)
class FirstTraining:
    """How the models are trained that the loops start from.

    Parameters
    ----------
    trainer, plans, configuration, fold
        As `nnUNetv2_train` takes them.
    """

    trainer: str
    plans: str
    configuration: str
    fold: str

    def model(self, dataset: str) -> str:
        """Name the model below `nnUNet_results`."""
        return f"{dataset}/{self.trainer}__{self.plans}__{self.configuration}"


def start_home(simulation: Simulation, seed: int, dataset: str, training: FirstTraining | None, device: str) -> Home:
    """Copy the dataset, as it is in `nnUNet_raw` and `nnUNet_preprocessed`, and train on it, unless that was done.

    Parameters
    ----------
    dataset
        nnU-Net's name of it.
    training
        None where the loops start from a model that there is.

    Raises
    ------
    EnvironmentProblemError
        Where one of nnU-Net's variables is not set.
    UsageError
        Where the dataset is not preprocessed.
    ConflictError
        Where the training of a process that was killed goes on.
    ProcessFailedError
        Where the training fails.
    """
    home = simulation.start(seed)
    _copy_dataset(simulation.dataset, dataset)
    _copy_folder(simulation.dataset.nnunet, home.nnunet)
    if training is None:
        return home
    fold = home.nnunet / "results" / training.model(dataset) / f"fold_{training.fold}"
    if not (fold / FINAL).is_file():
        process = NnunetProcess(home.nnunet, home.log, n_procs=1)
        command = [dataset, training.configuration, training.fold, "-tr", training.trainer, "-p", training.plans]
        going_on = ["--c"] if (fold / "checkpoint_latest.pth").is_file() else []
        arguments = [*command, "-device", device, *going_on]
        with train_alone(home.root) as held:
            process.run(
                "nnUNetv2_train", arguments, lambda _: None, variables={SEED_VARIABLE: str(seed)}, descriptors=held
            )
    return home


def run_home(simulation: Simulation, strategy: str, seed: int) -> Home:
    """Give a loop a copy of all that it starts from, byte for byte as the others of its seed, unless it has it."""
    home = simulation.run(strategy, seed)
    _copy_folder(simulation.start(seed).nnunet, home.nnunet)
    return home


@contextmanager
def living_in(home: Home, seed: int) -> Iterator[None]:
    """Let verbs of this process work on the three folders of a home, and trainings take a seed, for a while."""
    with ExitStack() as stack:
        for name, value in {**nnunet_variables(home.nnunet, os.environ), SEED_VARIABLE: str(seed)}.items():
            stack.enter_context(environment_variable(name, value))
        yield


def _copy_dataset(home: Home, dataset: str) -> None:
    if home.nnunet.is_dir():
        return
    raw, prepared = required_folder("nnUNet_raw", os.environ) / dataset, preprocessed_folder(dataset, os.environ)
    if prepared is None or not prepared.is_dir():
        number = dataset.removeprefix("Dataset").partition("_")[0]
        raise UsageError(
            f"{dataset}: preprocessed cases were needed, and there are none in nnUNet_preprocessed; "
            f"run: nnUNetv2_plan_and_preprocess -d {number} -c 3d_fullres"
        )
    with _unfinished(home.nnunet) as folder:
        shutil.copytree(raw, folder / "raw" / dataset)
        shutil.copytree(prepared, folder / "preprocessed" / dataset)
        (folder / "results").mkdir()


def _copy_folder(source: Path, target: Path) -> None:
    if not target.is_dir():
        with _unfinished(target) as folder:
            shutil.copytree(source, folder, dirs_exist_ok=True)


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """Make an empty folder for the block, which has its name once all of it is there."""
    unfinished = target.with_name(f"{TEMPORARY_MARK}{target.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    unfinished.rename(target)
