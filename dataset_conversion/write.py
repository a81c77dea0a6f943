"""Writing a planned conversion: case by case, complete or not at all."""

import shutil
from pathlib import Path
from typing import Final

from nnunet_ext.core.dataset_files.folds import folds_of_another, renew_folds
from nnunet_ext.core.dataset_place import finish_interrupted_swap, only_writer, refuse_taken_number
from nnunet_ext.core.errors import ConflictError, DataRefusedError
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.tables import cell
from nnunet_ext.core.workers import Progress
from nnunet_ext.dataset_conversion.convert_all import convert_all
from nnunet_ext.dataset_conversion.existing import Existing, changed_in_words, read_existing
from nnunet_ext.dataset_conversion.finish import Writing, finish
from nnunet_ext.dataset_conversion.ledger import Conversion, ledger_of
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.plan_file import plan_content
from nnunet_ext.dataset_conversion.refusals import prove_patients_apart, refuse_inside_sources

_SHOWN: Final = 3


def write_dataset(
    dataset: RawDataset,
    plan: Plan,
    *,
    preprocessed: Path | None = None,
    n_procs: int = 1,
    progress: Progress | None = None,
) -> Conversion:
    """Write the dataset under a temporary name beside `dataset`, and give it its own name once it is whole.

    A run that was interrupted goes on where it was; what it had finished is read again before it is trusted.

    Parameters
    ----------
    dataset
        Where it is to stand. Where it stands already, from the same plan and the same sources, nothing is done.
    plan
        From `make_plan` or `read_plan`.
    preprocessed
        The dataset's folder in `nnUNet_preprocessed`, where the folds of a dataset that had this number before go.
    n_procs
        Processes that convert cases; the result does not depend on it.
    progress
        Called with the number of cases done and of all cases.

    Raises
    ------
    UsageError
        Where the dataset would stand inside one of its sources.
    ConflictError
        Where another dataset stands there, or has this number, its sources have changed, or another process writes it.
    DataRefusedError
        Where no sound case remains, naming the first reasons, or a patient would be on both sides of a split.
    ProcessFailedError
        Where a worker was killed.
    """
    refuse_inside_sources(dataset, plan)
    refuse_taken_number(dataset)
    with only_writer(dataset):
        finish_interrupted_swap(dataset)
        if dataset.folder.exists():
            return _finished_before(read_existing(dataset), plan)
        prove_patients_apart(plan.cases, None)
        job = Writing(dataset, plan)
        converted = convert_all(plan.cases, plan, job.unfinished, n_procs, progress)
        ledger = ledger_of(converted, plan.target)
        if not ledger.included:
            shutil.rmtree(job.unfinished.folder, ignore_errors=True)
            reasons = "; ".join(f"{case.plan.image}: {case.plan.reason}" for case in converted[:_SHOWN])
            raise DataRefusedError(f"of {len(converted)} images none could be used; nothing was written. {reasons}")
        finish(job, converted, ledger)
        if preprocessed is not None:
            of_another = folds_of_another(dataset.folder, preprocessed)
            renew_folds(dataset.folder, preprocessed, even_edited=of_another)
        return Conversion(dataset, plan, ledger.counts)


def _finished_before(existing: Existing, plan: Plan) -> Conversion:
    """Take the dataset that stands there, where this plan would make the same one."""
    if changed := existing.changed_cases(plan):
        raise ConflictError(changed_in_words(existing.dataset, [case.case for case in changed]))
    content, record = plan_content(plan), existing.record
    options = ("target", "profiles", "seed", "resample", "register")
    if any(record[name] != content[name] for name in options) or _fates(existing) != _planned_fates(plan, existing):
        raise ConflictError(
            f"{existing.dataset.folder}: made from other images or options; choose another -d or -n, or add what is "
            f"new with --append"
        )
    return Conversion(existing.dataset, plan, existing.ledger.counts)


def _fates(existing: Existing) -> dict[tuple[str, str], tuple[str, str]]:
    return {(row["case"], row["image"]): (row["split"], row["reason"]) for row in existing.ledger.rows}


def _planned_fates(plan: Plan, existing: Existing) -> dict[tuple[str, str], tuple[str, str]]:
    """Say what the plan would make of each image; of one that was refused on being read, what was made of it."""
    refused = {content["case"] for content in existing.ledger.contents if content["refused"]}
    stands = {case: fate for (case, _), fate in _fates(existing).items() if case in refused}
    return {
        (cell(case.case), cell(";".join(filter(None, case.images)))): stands.get(case.case)
        or (cell(case.split), cell(case.reason))
        for case in plan.cases
    }
