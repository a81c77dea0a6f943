"""Bringing what nnU-Net preprocessed up to date with its raw dataset, before a training begins."""

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from nnunetv2.paths import nnUNet_preprocessed, nnUNet_raw
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

from nnunet_ext.core.atomic import write_bytes, write_json
from nnunet_ext.core.dataset_files.description import DATASET_JSON, SPLITS, is_ours
from nnunet_ext.core.dataset_files.digests import read_digests
from nnunet_ext.core.dataset_files.fingerprint import digest_of
from nnunet_ext.core.dataset_files.folds import edited_folds, renew_folds
from nnunet_ext.core.dataset_files.preprocessed import Preprocessed, RawCase
from nnunet_ext.core.errors import DataRefusedError, EnvironmentProblemError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.leftovers import sweep
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.workers import run_all

_UNFINISHED: Final = ".unfinished"
_PROCESSES: Final = "nnUNet_def_n_proc"
_WORTH_A_PROCESS: Final = 10  # coarse cases of a second each; a process takes as long to import torch
_DECIDES: Final = (
    *("preprocessor_name", "spacing", "normalization_schemes", "use_mask_for_norm"),
    *("resampling_fn_data", "resampling_fn_data_kwargs", "resampling_fn_seg", "resampling_fn_seg_kwargs"),
)


def renew_description(dataset: str, content: dict[str, Any]) -> None:
    """Take over what the raw dataset says of its labels and cases now, into the file and into what was read of it.

    Parameters
    ----------
    dataset
        Name of its folder. Where its raw folder is not there, or is not ours, nothing is done.
    content
        As nnU-Net read it, and hands it to the trainer; changed in place.

    Raises
    ------
    DataRefusedError
        Where channels or classes are others than nnU-Net's plans were made for.
    """
    raw = RawDataset(Path(str(nnUNet_raw)) / dataset) if nnUNet_raw.is_set() else None
    if raw is None or not is_ours(raw):
        return
    copy = Path(str(nnUNet_preprocessed)) / dataset / DATASET_JSON
    before = read_json_object(copy) if copy.is_file() else {}
    now = raw.read_dataset_json()
    if _task(content) != _task(now):
        raise DataRefusedError(
            f"{copy.parent}: nnU-Net planned for channels and labels that the dataset has no more "
            f"({_task(content)}, now {_task(now)}); run: nnUNetv2_plan_and_preprocess -d {_number(dataset)} --clean"
        )
    if content == before:
        content.clear()
    content.update(now)
    if now != before and os.access(copy.parent, os.W_OK):
        write_json(copy, now)


def renew_preprocessed(plans: Mapping[str, Any], name: str, tell: Callable[[str], None]) -> None:
    """Renew the folds, and preprocess the training cases that are new or have changed, by the plans as they are.

    Several trainings may be started at once: one works, the others wait for it. What is there under its final name is
    whole; a killed run leaves a folder that the next one begins anew.

    Parameters
    ----------
    plans
        nnU-Net's. Where the raw dataset that they name is not there, as on a machine that only trains, nothing can be
        looked at.
    name
        Of the configuration.
    tell
        Given a sentence for the log about each thing that was out of date.

    Raises
    ------
    EnvironmentProblemError
        Where nothing is preprocessed and the raw dataset is not there.
    DataRefusedError
        Where the raw dataset lacks cases that it says it has, or folds that a person edited name cases that are gone.
    """
    raw = RawDataset(Path(str(nnUNet_raw if nnUNet_raw.is_set() else "nnUNet_raw")) / plans["dataset_name"])
    preprocessed = Path(str(nnUNet_preprocessed)) / plans["dataset_name"]
    configuration = PlansManager(dict(plans)).get_configuration(name)
    done = Preprocessed(preprocessed / configuration.data_identifier, _how(plans, configuration.configuration))
    writable = os.access(preprocessed, os.W_OK)
    # By the folder, which several configurations may share.
    with FileLock(preprocessed / f".{done.folder.name}.lock") if writable else nullcontext():
        dataset = raw.read_dataset_json() if (raw.folder / DATASET_JSON).is_file() else None
        if dataset is None or not ((raw.folder / "labelsTr").is_dir() or "dataset" in dataset):
            if not done.folder.is_dir():
                raise EnvironmentProblemError(
                    f"{name}: its images are made from the raw dataset, and {raw.folder} is not there; see: "
                    f"echo $nnUNet_raw"
                )
            tell(f"Whether what was preprocessed is up to date cannot be seen: {raw.folder} is not there.")
            return
        if writable:
            sweep(preprocessed)
        cases = _cases(raw, dataset)
        if is_ours(raw):
            _refuse_incomplete(raw, dataset, cases)
        if not writable:
            if outdated := done.outdated(cases):
                raise DataRefusedError(
                    f"{preprocessed}: cannot be written, and {first_few(outdated)} are new or have changed since; "
                    f"where it can be, run: nnUNetv2_preprocess -d {_number(plans['dataset_name'])} -c {name}"
                )
            return
        if is_ours(raw):
            _renew_folds(raw, preprocessed, cases, tell)
        _renew_cases(_Job(done, dict(plans), name, dataset, preprocessed), cases, tell, ours=is_ours(raw))


def _task(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a network depends on; an ignore label is none of it."""
    labels = {name: value for name, value in content["labels"].items() if name != "ignore"}
    return {"channel_names": content["channel_names"], "labels": labels}


def _number(dataset: str) -> int:
    return int(dataset.removeprefix("Dataset").split("_")[0])


@dataclass(frozen=True)
class _Job:
    """What to preprocess by, and where to."""

    done: Preprocessed
    plans: dict[str, Any]
    name: str
    dataset: dict[str, Any]
    preprocessed: Path


def _how(plans: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    return digest_of([plans.get("transpose_forward"), {key: configuration.get(key) for key in _DECIDES}])


def _refuse_incomplete(raw: RawDataset, dataset: Mapping[str, Any], cases: Mapping[str, RawCase]) -> None:
    missing = [case for case, files in cases.items() if not all(file.is_file() for file in files.images)]
    if missing or len(cases) != dataset.get("numTraining"):
        raise DataRefusedError(
            f"{raw.folder}: {dataset.get('numTraining')} training cases were needed, as its dataset.json says, and "
            f"found {len(cases)} label maps, {len(missing)} of them without an image; copy the dataset whole, or "
            f"convert it again"
        )


def _renew_folds(
    raw: RawDataset, preprocessed: Path, cases: Mapping[str, RawCase], tell: Callable[[str], None]
) -> None:
    if renew_folds(raw.folder, preprocessed):
        tell("The folds were those of an earlier version of the dataset: renewed.")
    edited = edited_folds(raw.folder, preprocessed)
    if edited is None:
        return
    named = {case for fold in edited for part in ("train", "val") for case in fold[part]}
    file = preprocessed / SPLITS
    if gone := sorted(named - set(cases)):
        raise DataRefusedError(
            f"{file}: was edited, and names {first_few(gone)}, which the dataset does not have any more; take them "
            f"out, or remove the file to have the folds of the raw dataset"
        )
    if left := sorted(set(cases) - named):
        tell(
            f"Folds as edited in {file.name}: no fold has {first_few(left)}. Remove the file to have the dataset's own."
        )


def _renew_cases(job: _Job, cases: Mapping[str, RawCase], tell: Callable[[str], None], *, ours: bool) -> None:
    done = job.done
    outdated = done.outdated(cases)
    strangers = done.strangers(cases) if ours else []
    if outdated:
        there = len(done.strangers(())) if done.folder.is_dir() else 0
        tell(f"Preprocessing {first_few(outdated)} for {job.name}: new, or changed since.")
        if 2 * len(outdated) > len(cases) and there:
            tell(
                "Most cases are others than nnU-Net planned with. To plan anew: nnUNetv2_plan_and_preprocess "
                f"-d {_number(job.preprocessed.name)} -c {job.name} --clean"
            )
        _preprocess(job, {case: cases[case] for case in outdated})
    if strangers:
        tell(f"Removed from what is preprocessed, as the dataset has it no more: {first_few(strangers)}.")
        for case in strangers:
            done.remove(case)
    _renew_truth(job.preprocessed, cases)
    done.note(cases)


def _preprocess(job: _Job, cases: Mapping[str, RawCase]) -> None:
    final = job.done.folder
    unfinished = final.with_name(final.name + _UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    work = [(case, [str(file) for file in files.images], str(files.label)) for case, files in cases.items()]
    run_all(_run, work, (job.plans, job.name, job.dataset, unfinished), _processes(len(work)), None)
    if not final.is_dir():
        unfinished.rename(final)
        return
    for case in cases:
        job.done.remove(case)
    # Properties last: without them a case counts as missing, should this be killed on the way.
    for file in sorted(unfinished.iterdir(), key=lambda file: file.suffix == ".pkl"):
        file.replace(final / file.name)
    unfinished.rmdir()


def _renew_truth(preprocessed: Path, cases: Mapping[str, RawCase]) -> None:
    """Bring nnU-Net's copies of the label maps up to date, by which it validates."""
    for case in cases.values():
        truth = preprocessed / "gt_segmentations" / case.label.name
        if not truth.is_file() or sha256(truth) != sha256(case.label):
            write_bytes(truth, case.label.read_bytes())


def _cases(raw: RawDataset, dataset: Mapping[str, Any]) -> dict[str, RawCase]:
    """List the training cases; without the pool of processes that nnU-Net matches names with."""
    if "dataset" in dataset:
        listed = get_filenames_of_train_images_and_targets(str(raw.folder), dict(dataset))
        files = {case: ([Path(one) for one in of["images"]], Path(of["label"])) for case, of in listed.items()}
    else:
        ending, channels = dataset["file_ending"], range(len(dataset["channel_names"]))
        found = sorted((raw.folder / "labelsTr").glob(f"[!.]*{ending}"))
        labels = {file.name.removesuffix(ending): file for file in found}
        images = raw.folder / "imagesTr"
        files = {
            case: ([images / f"{case}_{channel:04d}{ending}" for channel in channels], label)
            for case, label in labels.items()
        }
    digests = read_digests(raw, by_time=True)
    return {
        case: RawCase(tuple(channels), label, digest_of([_digest(raw, file, digests) for file in (*channels, label)]))
        for case, (channels, label) in files.items()
    }


def _digest(raw: RawDataset, file: Path, digests: Mapping[str, str]) -> str:
    name = file.relative_to(raw.folder).as_posix() if file.is_relative_to(raw.folder) else str(file)
    if name in digests:
        return digests[name]
    return f"{file.stat().st_size} bytes of {file.stat().st_mtime_ns}" if file.is_file() else "none"


def _processes(cases: int) -> int:
    """Take nnU-Net's number of processes, but no more than are worth their start."""
    asked = os.environ.get(_PROCESSES, "").strip()  # as it is now, not as it was at nnU-Net's import
    return min(int(asked) if asked.isdigit() else 8, os.cpu_count() or 1, -(-cases // _WORTH_A_PROCESS))


def _run(work: tuple[str, list[str], str], plans: dict[str, Any], name: str, dataset: dict[str, Any], to: Path) -> None:
    case, images, label = work
    manager = PlansManager(plans)
    configuration = manager.get_configuration(name)
    preprocessor = configuration.preprocessor_class(verbose=False)
    preprocessor.run_case_save(str(to / case), images, label, manager, configuration, dataset)
