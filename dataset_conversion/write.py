"""Writing a planned conversion: case by case, complete or not at all."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.dataset_place import beside, only_writer, refuse_taken_number
from nnunet_ext.core.errors import ConflictError, DataRefusedError, UsageError
from nnunet_ext.core.provenance import source_version
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.tables import NOTHING, table_text
from nnunet_ext.core.workers import Progress
from nnunet_ext.dataset_conversion.convert_all import convert_all
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase
from nnunet_ext.dataset_conversion.done import DONE_FOLDER
from nnunet_ext.dataset_conversion.existing import Existing, carry_over, read_existing
from nnunet_ext.dataset_conversion.ledger import Counts, Ledger, joined, ledger_of
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.plan_file import RECORD, plan_content
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.quality_table import quality_columns
from nnunet_ext.dataset_conversion.splits import make_folds, patients_in_both
from nnunet_ext.dataset_conversion.tables import COLUMNS, cases_tsv, data_dictionary, person_of

FOLDS: Final = 5


@dataclass(frozen=True)
class Conversion:
    """A finished conversion: the folder that was written, and what became of its cases."""

    dataset: RawDataset
    counts: Counts


def write_dataset(
    dataset: RawDataset,
    plan: Plan,
    *,
    n_procs: int = 1,
    progress: Progress | None = None,
    append_to: Existing | None = None,
) -> Conversion:
    """Write the dataset under a temporary name beside `dataset`, and give it its own name once it is whole.

    A run that was interrupted goes on where it was; what it had finished is read again before it is trusted.

    Parameters
    ----------
    dataset
        Where it is to stand. Where it stands already, from the same plan, nothing is done.
    plan
        From `make_plan` or `read_plan`.
    n_procs
        Processes that convert cases; the result does not depend on it.
    progress
        Called with the number of cases done and of all cases.
    append_to
        The dataset that stands there, to which the plan's new cases are added; its own stay as they are.

    Raises
    ------
    UsageError
        Where the dataset would stand inside one of its sources.
    ConflictError
        Where another dataset stands there, or has this number, or another process writes it.
    DataRefusedError
        Where no sound case remains, naming the first reasons, or a patient would be on both sides of a split.
    ProcessFailedError
        Where a worker was killed.
    """
    _refuse_inside_sources(dataset, plan)
    refuse_taken_number(dataset)
    with only_writer(dataset):
        _finish_interrupted_swap(dataset)
        if append_to is None and dataset.folder.exists():
            return _finished_before(dataset, _fingerprint(plan.cases, plan))
        return _write(dataset, plan, n_procs, progress, append_to)


def _write(
    dataset: RawDataset, plan: Plan, n_procs: int, progress: Progress | None, existing: Existing | None
) -> Conversion:
    cases = plan.cases if existing is None else existing.without_known(plan)
    if existing is not None and not cases:
        return Conversion(dataset, existing.ledger.counts)
    _prove_patients_apart(cases, existing)
    unfinished = RawDataset(beside(dataset, "unfinished"))
    converted = convert_all(cases, plan, unfinished, n_procs, progress)
    ledger = new = ledger_of(converted, plan.target)
    if existing is None and not new.included:
        shutil.rmtree(unfinished.folder, ignore_errors=True)
        raise DataRefusedError(_nothing_left(converted))
    if existing is not None:
        ledger = joined(existing.ledger, new, plan.target)
        carry_over(existing, {row["case"] for row in ledger.rows} - {row["case"] for row in new.rows}, unfinished)
    _write_tables(unfinished, ledger, plan, existing)
    write_json(unfinished.folder / RECORD, _record(plan, cases, ledger, existing))
    shutil.rmtree(unfinished.folder / DONE_FOLDER, ignore_errors=True)
    _swap(unfinished, dataset)
    return Conversion(dataset, ledger.counts)


def _write_tables(dataset: RawDataset, ledger: Ledger, plan: Plan, existing: Existing | None) -> None:
    included = ledger.included
    patients = {row["case"]: person_of(row) for row in included}
    sites = {patients[row["case"]]: row["site"] for row in included}
    training = {row["case"]: patients[row["case"]] for row in included if row["split"] == "train"}
    testing = [row["case"] for row in included if row["split"] == "test"]
    known = existing.folds if existing is not None else ()
    folds = make_folds(training, sites, FOLDS, plan.seed, known)
    for one, other in [(training, testing), *((fold["train"], fold["val"]) for fold in folds)]:
        if shared := patients_in_both(one, other, patients):
            raise DataRefusedError(f"{dataset.folder}: patients on both sides of a split: {shared[:5]}")
    if folds:
        dataset.write_splits(folds)
    ignore = any(row["not_annotated"] != NOTHING for row in included)
    dataset.write_dataset_json(plan.target, len(training), ignore=ignore)
    columns = quality_columns(plan.target.needed_classes)
    write_text(dataset.folder / "cases.tsv", cases_tsv(ledger.rows))
    write_json(dataset.folder / "cases.json", data_dictionary(COLUMNS))
    write_text(dataset.folder / "qc.tsv", table_text(ledger.quality, list(columns)))
    write_json(dataset.folder / "qc.json", data_dictionary(columns))


def _record(plan: Plan, cases: Sequence[PlannedCase], ledger: Ledger, existing: Existing | None) -> dict[str, Any]:
    """Say what the dataset was made of and how; of one that grew, what it was before, too."""
    before = {} if existing is None else {key: value for key, value in existing.record.items() if key != "cases"}
    content = plan_content(plan)
    sources = {source.name: source for source in (case.source for case in plan.cases)}
    versions = {name: {**asdict(source_version(source.root)), "name": name} for name, source in sources.items()}
    return {
        **content,
        "profiles": {**before.get("profiles", {}), **content["profiles"]},
        "sources": [*(old for old in before.get("sources", []) if old["name"] not in versions), *versions.values()],
        "images": asdict(ledger.counts),
        "fingerprint": _fingerprint(cases, plan),
        "grown_from": before or None,
        "cases": list(ledger.contents),
    }


def _fingerprint(cases: Sequence[PlannedCase], plan: Plan) -> str:
    """Hash what decides the dataset's content, file sizes included, so that a rerun knows its own work."""
    decided = [[*_decided(case), _sizes(case)] for case in cases]
    # What was said on the way decides nothing.
    content = {**plan_content(plan), "assumptions": [], "warnings": [], "cases": decided}
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode("ascii")).hexdigest()


def _decided(case: PlannedCase) -> list[Any]:
    labels = [[label.name, label.files, label.why_empty] for label in case.labels]
    return [case.case, case.images, labels, case.site, case.split, case.reason, *(case.person or ())]


def _sizes(case: PlannedCase) -> list[int]:
    files = [*case.images, *(path for label in case.labels for _, path in label.files)]
    paths = [case.source.root / file for file in files if file]
    return [path.stat().st_size if path.exists() else -1 for path in paths]


def _finished_before(dataset: RawDataset, fingerprint: str) -> Conversion:
    existing = read_existing(dataset)
    if existing.record.get("fingerprint") != fingerprint:
        raise ConflictError(
            f"{dataset.folder}: made from other images or options; choose another -d or -n, "
            f"or add what is new with --append"
        )
    return Conversion(dataset, existing.ledger.counts)


def _prove_patients_apart(cases: Sequence[PlannedCase], existing: Existing | None) -> None:
    """Before anything is read: no patient is trained on, or in the pool, and tested on."""
    old = existing.known if existing is not None else {}
    tested = {member.person or patient for patient, member in old.items() if member.set_name == "test"}
    tested |= {case.patient for case in cases if case.split == "test"}
    others = {member.person or patient for patient, member in old.items() if member.set_name == "train"}
    others |= {case.patient for case in cases if case.split in ("train", "pool") and case.labels}
    if shared := sorted(tested & others):
        listed = ", ".join(f"{subject} of {name}" for name, subject in shared[:5])
        raise DataRefusedError(
            f"each patient is in one set; both trained and tested on: {listed}; mend the plan's splits"
        )


def _refuse_inside_sources(dataset: RawDataset, plan: Plan) -> None:
    target = dataset.folder.resolve()
    for source in {case.source for case in plan.cases}:
        if target.is_relative_to(source.root):
            raise UsageError(
                f"{dataset.folder}: would be written inside its own source {source.root}, which is only "
                f'ever read; choose another place: eval "$(nnunet_ext env --root DIR)"'
            )


def _swap(unfinished: RawDataset, dataset: RawDataset) -> None:
    previous = beside(dataset, "previous")
    if dataset.folder.exists():
        dataset.folder.replace(previous)
    unfinished.folder.replace(dataset.folder)
    shutil.rmtree(previous, ignore_errors=True)


def _finish_interrupted_swap(dataset: RawDataset) -> None:
    """Undo or finish what a kill between the two renames of `_swap` left."""
    previous = beside(dataset, "previous")
    if previous.exists() and not dataset.folder.exists():
        previous.replace(dataset.folder)
    shutil.rmtree(previous, ignore_errors=True)


def _nothing_left(converted: Sequence[ConvertedCase], shown: int = 3) -> str:
    reasons = [f"{case.plan.image}: {case.plan.reason}" for case in converted[:shown]]
    return f"of {len(converted)} images none could be used; nothing was written. " + "; ".join(reasons)
