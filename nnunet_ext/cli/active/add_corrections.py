"""The first step of a training: what people corrected becomes cases of the labelled dataset."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.ingest.for_training import TrainingCase
from nnunet_ext.active_learning.journal import Journal
from nnunet_ext.active_learning.layout import Round, Rounds
from nnunet_ext.active_learning.loop_dataset import MADE, dataset_of, free_name
from nnunet_ext.active_learning.pool import plan_pool, pool_sources
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.active_learning.training.corrected_plan import Corrections, corrected_plan
from nnunet_ext.cli.progress import progress_bar
from nnunet_ext.core.cell_lists import PATHS, join_list, split_list
from nnunet_ext.core.dataset_place import stands
from nnunet_ext.core.environment import folder_of, preprocessed_folder, required_folder
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.tables import read_table
from nnunet_ext.dataset_conversion.existing import Existing, read_existing
from nnunet_ext.dataset_conversion.grow import grow_dataset
from nnunet_ext.dataset_conversion.ledger import Conversion
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.write import write_dataset

_NUMBERED: Final = ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")


def add_corrections(
    rounds: Rounds, one: Round, settings: ActiveSettings, cases: list[TrainingCase], n_procs: int
) -> RawDataset:
    """Add the corrected cases of a round to the labelled dataset, or make one of them; again, and nothing changes.

    Raises
    ------
    DataRefusedError
        Where an image of the pool was changed since it was chosen, or is gone; or cases cannot be converted.
    ConflictError, FileRefusedError, UsageError, ProcessFailedError
        See `write_dataset` and `grow_dataset`.
    """
    _refuse_changed_images(one, settings, rounds, {case.case for case in cases})
    corrections = Corrections(cases, rounds.root, one.number)
    dataset = _place(rounds, one, settings)
    preprocessed = preprocessed_folder(dataset.folder.name, os.environ)
    if not stands(dataset):
        plan = corrected_plan(_pool_plan(rounds, settings, None), corrections, settings.seed)
        plan = replace(plan, seed=settings.seed)
        with progress_bar("convert", "case") as progress:
            done = write_dataset(dataset, plan, preprocessed=preprocessed, n_procs=n_procs, progress=progress)
        return _whole(done, cases)
    if not cases:
        return dataset

    def planned(existing: Existing) -> Plan:
        pool = _pool_plan(rounds, settings, existing)
        first = None if settings.dataset or one.number > 1 else settings.seed
        record = existing.record
        how = {name: record[name] for name in ("seed", "resample", "register")}
        return replace(corrected_plan(pool, corrections, first, existing.known), **how)

    with progress_bar("convert", "case") as progress:
        done = grow_dataset(
            dataset, planned, update=True, preprocessed=preprocessed, n_procs=n_procs, progress=progress
        )
    return _whole(done, cases)


def _place(rounds: Rounds, one: Round, settings: ActiveSettings) -> RawDataset:
    """Find the dataset or, of a loop that has none, settle its name for ever, before anything of it is written."""
    raw = required_folder("nnUNet_raw", os.environ)
    name = dataset_of(rounds, settings)
    if not name:
        folders = [folder for each in _NUMBERED if (folder := folder_of(each, os.environ)) is not None]
        name = free_name(folders, settings.target)
        Journal(rounds.journal).append(MADE, {"round": one.number, "dataset": name})
    return RawDataset(raw / name)


def _pool_plan(rounds: Rounds, settings: ActiveSettings, existing: Existing | None) -> Plan:
    return plan_pool(pool_sources(rounds, settings), settings, existing)


def _refuse_changed_images(one: Round, settings: ActiveSettings, rounds: Rounds, cases: set[str]) -> None:
    """Refuse images that are not those that people saw."""
    roots = {source.name: source.root for source in pool_sources(rounds, settings)}
    rows = {row["case"]: row for row in read_table(one.query, ("case", "dataset", "image", "image_sha256"), whole=True)}
    changed = [
        f"{case}: {row['image']}"
        for case, row in rows.items()
        if case in cases and _digests(row, roots) != row["image_sha256"]
    ]
    if changed:
        raise DataRefusedError(
            f"{first_few(changed)}: changed on the disk, or gone, since people corrected it; put the image back as it "
            "was, and give the same command again"
        )


def _digests(row: Mapping[str, str], roots: Mapping[str, Path]) -> str:
    if row["dataset"] not in roots:
        return ""
    files = [roots[row["dataset"]] / image for image in split_list(row["image"])]
    return join_list((sha256(file) for file in files), PATHS) if all(file.is_file() for file in files) else ""


def _whole(done: Conversion, cases: list[TrainingCase]) -> RawDataset:
    """Refuse to train where a corrected case did not become one of the dataset."""
    there = {row["case"] for row in read_existing(done.dataset).ledger.included}
    told = {row["case"]: row["reason"] for row in read_existing(done.dataset).ledger.rows}
    lost = [f"{one.case}: {done.kept.get(one.case) or told.get(one.case, '')}" for one in cases]
    lost = [text for one, text in zip(cases, lost, strict=True) if one.case not in there or one.case in done.kept]
    if lost:
        raise DataRefusedError(
            f"{done.dataset.folder}: {len(lost)} of {len(cases)} corrected cases could not be added: "
            f"{first_few(lost)}; mend them, and give the same command again"
        )
    return done.dataset
