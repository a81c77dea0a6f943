"""The third step of a training: nnU-Net's own command, for each fold, and the model that comes of it."""

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.active_learning.layout import Round
from nnunet_ext.active_learning.settings import WARM_TRAINER
from nnunet_ext.active_learning.training.loop_plans import LoopPlans
from nnunet_ext.cli.best_device import best_device
from nnunet_ext.cli.demo.nnunet_process import NnunetProcess, training_progress
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.dataset_files.fingerprint import digest_of, fingerprint
from nnunet_ext.core.environment import EXTERNAL_TRAINERS, required_folder
from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.hold import heritable_hold
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.models.entry_names import FINAL
from nnunet_ext.models.load import load_model
from nnunet_ext.trainers.settings import SEED_VARIABLE

MADE_FROM: Final = "made_from.json"
"""Beside the folds of a model: what it is trained from, and the minutes of each fold that is done."""

_KEPT: Final = ("nnUNet_compile", "nnUNet_n_proc_DA", "nnUNet_raw", "nnUNet_preprocessed", EXTERNAL_TRAINERS)
_STEPS: Final = 1000
_HELD: Final = ".held"
_MOST_WORKERS: Final = 12


@dataclass(frozen=True)
class FoldsJob:
    """What is trained.

    Parameters
    ----------
    dataset, plans
        Preprocessed and up to date.
    trainer
        As `nnUNetv2_train -tr` takes it.
    folds
        `0` to `4`, or `all`.
    weights
        For each fold the checkpoint that it starts from, with its SHA-256; empty from scratch.
    device
        `auto`, or as torch names it.
    seed
        Where the environment has none.
    n_procs
        Of preprocessing and validation.
    """

    dataset: RawDataset
    plans: LoopPlans
    trainer: str
    folds: Sequence[str]
    weights: Mapping[str, tuple[Path, str]]
    device: str
    seed: int
    n_procs: int

    @property
    def key(self) -> str:
        """Hash all that the model follows from."""
        weights = {fold: digest for fold, (_, digest) in self.weights.items()}
        plans = [dict(self.plans.content), self.plans.configuration]
        return digest_of([fingerprint(self.dataset), plans, self.trainer, list(self.folds), weights])


def train_folds(one: Round, job: FoldsJob) -> dict[str, float]:
    """Train what is not trained yet, and leave the model in the round's folder; give the minutes of each fold.

    A training that was interrupted goes on. What was trained from something else before, from another version of the
    corrections perhaps, is removed first.

    Raises
    ------
    EnvironmentProblemError, ProcessFailedError
        See `NnunetProcess`.
    ConflictError
        Where the training of a process that was killed goes on.
    UnsafeModelError
        Where what was trained is no model.
    """
    key = job.key
    if _made_from(one.model) == key:
        shutil.rmtree(one.training, ignore_errors=True)
        return _minutes(one.model)
    name = f"{job.trainer}__{job.plans.name}__{job.plans.configuration}"
    place = one.training / job.dataset.folder.name / name
    one.training.mkdir(exist_ok=True)
    with train_alone(one.training) as held:
        for folder, old in ((one.model, one.model), (place.parent, place)):
            if folder.exists() and _made_from(old) != key:
                shutil.rmtree(folder)
        if not (place / MADE_FROM).is_file():
            write_json(place / MADE_FROM, {"key": key, "minutes": {}})
        for fold in job.folds:
            if not _is_done(place / f"fold_{fold}"):
                begun = time.monotonic()
                _train(one, job, place / f"fold_{fold}", fold, held)
                minutes = _minutes(place) | {fold: round((time.monotonic() - begun) / 60, 2)}
                write_json(place / MADE_FROM, {"key": key, "minutes": minutes})
        load_model(place)
        place.rename(one.model)
        shutil.rmtree(one.training)
    return _minutes(one.model)


@contextmanager
def train_alone(training: Path) -> Iterator[tuple[int, ...]]:
    """Let no training begin beside the one of a killed process: nnU-Net itself may live on for some seconds."""
    with heritable_hold(training / _HELD) as held:
        if held is None:
            raise ConflictError(
                f"{training}: nnU-Net is still training there, on its own, since the process that had started it was "
                "killed; it ends at its next line of progress: give the same command again in a minute"
            )
        yield held


def _train(one: Round, job: FoldsJob, place: Path, fold: str, held: Sequence[int]) -> None:
    # torch: seconds of import that asking for help must not cost.
    from nnunet_ext.trainers.sci_active import WARM_START_VARIABLE  # noqa: PLC0415

    kind, _, number = (best_device() if job.device == "auto" else job.device).partition(":")
    arguments = [job.dataset.folder.name, job.plans.configuration, fold, "-tr", job.trainer, "-p", job.plans.name]
    arguments += ["-device", kind]
    variables = {**_for_device(kind), **{name: value for name in _KEPT if (value := os.environ.get(name))}}
    for name in ("nnUNet_raw", "nnUNet_preprocessed"):
        variables[name] = str(required_folder(name, os.environ).resolve())
    variables["nnUNet_results"] = str(one.training.resolve())
    variables[SEED_VARIABLE] = os.environ.get(SEED_VARIABLE) or str(job.seed)
    if number:  # nnU-Net takes no number of a GPU
        variables["CUDA_VISIBLE_DEVICES"] = _visible(int(number))
    if any(place.glob("checkpoint_*.pth")):
        arguments.append("--c")
    elif fold in job.weights and not job.trainer.startswith(WARM_TRAINER):
        arguments += ["-pretrained_weights", str(job.weights[fold][0].resolve())]
    if fold in job.weights:
        variables[WARM_START_VARIABLE] = str(job.weights[fold][0].resolve())
    process = NnunetProcess(one.training, one.folder / "train.log", job.n_procs)
    with progress_bar(f"train fold {fold}", "‰") as progress:

        def hear(line: str) -> None:
            if (told := training_progress(line)) is not None:
                progress(int(_STEPS * told[0]), _STEPS)

        process.run("nnUNetv2_train", arguments, hear, variables=variables, descriptors=held)


def _for_device(kind: str) -> dict[str, str]:
    """Do on a GPU what nnU-Net does where nobody says otherwise; a processor has no time for it."""
    return (
        {"nnUNet_compile": "t", "nnUNet_n_proc_DA": str(min(_MOST_WORKERS, os.cpu_count() or 1))}
        if kind == "cuda"
        else {}
    )


def _visible(number: int) -> str:
    visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return visible[number].strip() if number < len(visible) else str(number)


def _is_done(fold: Path) -> bool:
    return (fold / FINAL).is_file() and (fold / "validation" / "summary.json").is_file()


def _made_from(model: Path) -> str:
    return str(_record(model).get("key", ""))


def _minutes(model: Path) -> dict[str, float]:
    return dict(_record(model).get("minutes", {}))


def _record(model: Path) -> dict[str, Any]:
    file = model / MADE_FROM
    return read_json_object(file) if file.is_file() else {}
