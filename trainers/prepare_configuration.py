"""Making a configuration that nnU-Net did not plan ready to be trained on."""

import json
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import EnvironmentProblemError
from nnunet_ext.core.workers import run_all

_UNFINISHED: Final = ".unfinished"
_PROCESSES: Final = "nnUNet_def_n_proc"
_WORTH_A_PROCESS: Final = 10  # coarse cases of a second each; a process takes as long to import torch
_LOG: Final = logging.getLogger(__name__)


def prepare_configuration(raw: Path, preprocessed: Path, plans: Mapping[str, Any], name: str) -> None:
    """Add a configuration to nnU-Net's plans file and preprocess the dataset for it, unless that is done.

    Several trainings may be started at once: one works, the others wait for it. What is there under its final name is
    whole; a killed run leaves a folder that the next one begins anew.

    Parameters
    ----------
    raw, preprocessed
        The dataset's folders in `nnUNet_raw` and `nnUNet_preprocessed`.
    plans
        nnU-Net's, the configuration among them.
    name
        Of the configuration.

    Raises
    ------
    EnvironmentProblemError
        Where the raw dataset, which must be read once more, is not there.
    """
    with FileLock(preprocessed / f".{name}.lock"):
        _add_to_plans(preprocessed / f"{plans['plans_name']}.json", plans["configurations"][name], name)
        final = preprocessed / PlansManager(dict(plans)).get_configuration(name).data_identifier
        if not final.is_dir():
            _preprocess(raw, preprocessed, final, plans, name)


def _add_to_plans(file: Path, configuration: Mapping[str, Any], name: str) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    if content["configurations"].get(name) != configuration:
        content["configurations"][name] = configuration
        write_json(file, content)


def _preprocess(raw: Path, preprocessed: Path, final: Path, plans: Mapping[str, Any], name: str) -> None:
    dataset = json.loads((preprocessed / "dataset.json").read_text(encoding="utf-8"))
    if not (raw / "labelsTr").is_dir() and "dataset" not in dataset:
        raise EnvironmentProblemError(
            f"{name}: its images are made from the raw dataset, and {raw} is not there; see: echo $nnUNet_raw"
        )
    cases = _cases(raw, dataset)
    unfinished = final.with_name(final.name + _UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    _LOG.info("preprocessing %d cases for %s", len(cases), name)
    jobs = [_Job(case, tuple(images), label) for case, (images, label) in cases.items()]
    run_all(_run, jobs, (dict(plans), name, dataset, unfinished), _processes(len(jobs)), None)
    truth = preprocessed / "gt_segmentations"  # there since nnU-Net's own preprocessing, unless that was never run
    if not truth.is_dir():
        waiting = truth.with_name(truth.name + _UNFINISHED)
        waiting.mkdir(exist_ok=True)
        for case, (_, label) in cases.items():
            shutil.copyfile(label, waiting / f"{case}{dataset['file_ending']}")
        waiting.rename(truth)
    unfinished.rename(final)


def _cases(raw: Path, dataset: Mapping[str, Any]) -> dict[str, tuple[list[str], str]]:
    """List each training case's channels and label; without the pool of processes that nnU-Net matches names with."""
    if "dataset" in dataset:
        found = get_filenames_of_train_images_and_targets(str(raw), dict(dataset))
        return {case: (list(files["images"]), str(files["label"])) for case, files in found.items()}
    ending, channels = dataset["file_ending"], len(dataset["channel_names"])
    labels = {file.name.removesuffix(ending): file for file in sorted((raw / "labelsTr").glob(f"*{ending}"))}
    return {
        case: ([str(raw / "imagesTr" / f"{case}_{channel:04d}{ending}") for channel in range(channels)], str(label))
        for case, label in labels.items()
    }


def _processes(cases: int) -> int:
    """Take nnU-Net's number of processes, but no more than are worth their start."""
    asked = os.environ.get(_PROCESSES, "").strip()  # as it is now, not as it was at nnU-Net's import
    return min(int(asked) if asked.isdigit() else 8, os.cpu_count() or 1, -(-cases // _WORTH_A_PROCESS))


@dataclass(frozen=True)
class _Job:
    """One case."""

    case: str
    images: tuple[str, ...]
    label: str


def _run(job: _Job, plans: dict[str, Any], name: str, dataset: dict[str, Any], folder: Path) -> None:
    manager = PlansManager(plans)
    configuration = manager.get_configuration(name)
    preprocessor = configuration.preprocessor_class(verbose=False)
    preprocessor.run_case_save(str(folder / job.case), list(job.images), job.label, manager, configuration, dataset)
