"""A dataset that grows: new cases are added, and those whose sources have changed are converted anew."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.core.dataset_files.digests import edited_labels
from nnunet_ext.core.dataset_files.folds import renew_folds
from nnunet_ext.core.dataset_place import finish_interrupted_swap, only_writer
from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.workers import Progress
from nnunet_ext.dataset_conversion.convert_all import convert_all
from nnunet_ext.dataset_conversion.existing import Existing, carry_over, changed_in_words, read_existing
from nnunet_ext.dataset_conversion.finish import Writing, finish
from nnunet_ext.dataset_conversion.ledger import Conversion, Counts, joined, ledger_of
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.refusals import prove_patients_apart, refuse_inside_sources

_BY_HAND: Final = "its label map was edited in the dataset itself; to have the source's, remove that file first"


def grow_dataset(
    dataset: RawDataset,
    plan_for: Callable[[Existing], Plan],
    *,
    update: bool = False,
    preprocessed: Path | None = None,
    n_procs: int = 1,
    progress: Progress | None = None,
) -> Conversion:
    """Add new cases to a dataset that stands and, where asked for, convert those anew whose sources have changed.

    All other cases, everybody's set, and the folds stay as they are. From the first look at the dataset on no other
    process can write it.

    Parameters
    ----------
    dataset
        Where it stands.
    plan_for
        Makes the plan, given what the dataset is.
    update
        Whether changed cases are converted anew. One that is refused now, or whose label map a person edited in the
        dataset itself, stays as it was, and `Conversion.kept` says why.
    preprocessed
        The dataset's folder in `nnUNet_preprocessed`, where nnU-Net's copy of the folds is brought up to date; folds
        that a person edited there are taken over, with the new cases added.
    n_procs, progress
        As for `write_dataset`.

    Raises
    ------
    ConflictError
        Where sources have changed and `update` is not asked for, and as `write_dataset`.
    UsageError, DataRefusedError, ProcessFailedError
        As `write_dataset`.
    """
    with only_writer(dataset):
        finish_interrupted_swap(dataset)
        existing = read_existing(dataset, preprocessed)
        plan = plan_for(existing)
        refuse_inside_sources(dataset, plan)
        changed = {case.case: case for case in existing.changed_cases(plan)}
        if changed and not update:
            raise ConflictError(changed_in_words(dataset, sorted(changed)))
        kept = dict.fromkeys(edited_labels(dataset) & set(changed), _BY_HAND)
        cases = [*existing.new_cases(plan), *(case for name, case in changed.items() if name not in kept)]
        counts = existing.ledger.counts
        if cases:
            counts, refused = _grow(Writing(dataset, plan, existing), existing, cases, n_procs, progress)
            kept |= refused
        if preprocessed is not None:
            renew_folds(dataset.folder, preprocessed, even_edited=existing.edited and bool(cases))
    return Conversion(dataset, plan, counts, kept)


def _grow(
    job: Writing, existing: Existing, cases: Sequence[PlannedCase], n_procs: int, progress: Progress | None
) -> tuple[Counts, dict[str, str]]:
    """Convert cases and put them beside the others; of known ones that are refused give the reason, and keep them."""
    known = {row["case"] for row in existing.ledger.included}
    prove_patients_apart(cases, existing)
    converted = convert_all(cases, job.plan, job.unfinished, n_procs, progress)
    kept = {case.plan.case: case.plan.reason for case in converted if case.plan.reason and case.plan.case in known}
    taken = [case for case in converted if case.plan.case not in kept]
    ledger, new = existing.ledger, ledger_of(taken, job.plan.target)
    if new.rows:
        ledger = joined(existing.ledger, new, job.plan.target)
        carry_over(existing, {row["case"] for row in ledger.rows} - {row["case"] for row in new.rows}, job.unfinished)
        finish(job, taken, ledger)
    else:
        shutil.rmtree(job.unfinished.folder, ignore_errors=True)
    return ledger.counts, kept
