"""What is left to do once every case is converted: tables, records, folds, and the dataset's own name."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.dataset_files.description import CASES, QUALITY, RECORD
from nnunet_ext.core.dataset_files.digests import carried_digests, write_digests
from nnunet_ext.core.dataset_files.folds import HISTORY, Folds, fold_digest
from nnunet_ext.core.dataset_place import beside, swap
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.provenance import source_version
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.tables import NOTHING, table_text
from nnunet_ext.dataset_conversion.cases_table import COLUMNS, cases_tsv, data_dictionary, person_of
from nnunet_ext.dataset_conversion.convert_all import DONE_FOLDER
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase
from nnunet_ext.dataset_conversion.draw_sets import Patient
from nnunet_ext.dataset_conversion.existing import Existing
from nnunet_ext.dataset_conversion.ledger import Ledger
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.plan_file import plan_content
from nnunet_ext.dataset_conversion.quality_table import quality_columns
from nnunet_ext.dataset_conversion.splits import make_folds

FOLDS: Final = 5


@dataclass(frozen=True)
class Writing:
    """A dataset that is being written.

    Parameters
    ----------
    dataset
        Where it is to stand.
    plan
        How it is made.
    existing
        What stands there, and is added to; None where nothing does.
    """

    dataset: RawDataset
    plan: Plan
    existing: Existing | None = None

    @property
    def unfinished(self) -> RawDataset:
        """Where it is until it is whole."""
        return RawDataset(beside(self.dataset, "unfinished"))


def finish(job: Writing, converted: Sequence[ConvertedCase], ledger: Ledger) -> None:
    """Write what the dataset says of itself, and give it its name.

    Parameters
    ----------
    job
        Whose cases are all converted.
    converted
        Those that are new, or new again.
    ledger
        What is said of all its cases.

    Raises
    ------
    DataRefusedError
        Where a patient would be on both sides of a split.
    """
    folds = _write_tables(job, ledger)
    write_json(job.unfinished.folder / RECORD, _record(job, ledger, folds))
    shutil.rmtree(job.unfinished.folder / DONE_FOLDER, ignore_errors=True)
    written = {name: digest for case in converted for name, digest in case.files.items()}
    before = {} if job.existing is None else carried_digests(job.existing.dataset)
    write_digests(job.unfinished, {**before, **written})
    swap(job.unfinished, job.dataset)


def _write_tables(job: Writing, ledger: Ledger) -> Folds:
    dataset, plan, existing = job.unfinished, job.plan, job.existing
    included = ledger.included
    patients = {row["case"]: person_of(row) for row in included}
    sites = {patients[row["case"]]: row["site"] for row in included}
    training = {row["case"]: patients[row["case"]] for row in included if row["split"] == "train"}
    testing = [row["case"] for row in included if row["split"] == "test"]
    known = existing.folds if existing is not None else ()
    folds: Folds = make_folds(training, sites, FOLDS, plan.seed, known)
    if existing is not None:
        trained = {row["case"] for row in existing.ledger.included if row["split"] == "train"} & set(training)
        folds = _as_before(folds, known, trained, patients)
    for one, other in [(training, testing), *((fold["train"], fold["val"]) for fold in folds)]:
        if shared := sorted({patients[case] for case in one} & {patients[case] for case in other}):
            raise DataRefusedError(f"{dataset.folder}: patients on both sides of a split: {shared[:5]}")
    if folds:
        dataset.write_splits(folds)
    ignore = any(row["not_annotated"] != NOTHING for row in included)
    dataset.write_dataset_json(
        plan.target, len(training), ignore=ignore, training=sorted(training), test=sorted(testing)
    )
    columns = quality_columns(plan.target.needed_classes)
    write_text(dataset.folder / CASES, cases_tsv(ledger.rows))
    write_json(dataset.folder / "cases.json", data_dictionary(COLUMNS))
    write_text(dataset.folder / QUALITY, table_text(ledger.quality, list(columns)))
    write_json(dataset.folder / "qc.json", data_dictionary(columns))
    return folds


def _as_before(folds: Folds, before: Folds, known: set[str], patients: Mapping[str, Patient]) -> Folds:
    """Keep known cases in the folds, and on the sides, where they were, and new ones beside those of their patient."""
    grown = []
    for fold, old in zip(folds, before or folds, strict=True):
        sides = {patients[case]: part for part in ("train", "val") for case in old[part] if case in known}
        outside = {patients[case] for case in known} - set(sides)  # somebody took them out of this fold
        parts: dict[str, list[str]] = {part: [case for case in old[part] if case in known] for part in ("train", "val")}
        for part in ("train", "val"):
            for case in fold[part]:
                if case not in known and patients[case] not in outside:
                    parts[sides.get(patients[case], part)].append(case)
        grown.append({part: sorted(cases) for part, cases in parts.items()})
    return grown


def _record(job: Writing, ledger: Ledger, folds: Folds) -> dict[str, Any]:
    """Say what the dataset was made of and how; of one that grew, what it was before, too."""
    plan, record = job.plan, {} if job.existing is None else job.existing.record
    before = {key: value for key, value in record.items() if key != "cases"}
    content = plan_content(plan)
    sources = {source.name: source for source in (case.source for case in plan.cases)}
    versions = {name: {**asdict(source_version(source.root)), "name": name} for name, source in sources.items()}
    return {
        **content,
        "profiles": {**before.get("profiles", {}), **content["profiles"]},
        "sources": [*(old for old in before.get("sources", []) if old["name"] not in versions), *versions.values()],
        "images": asdict(ledger.counts),
        HISTORY: [*before.get(HISTORY, []), fold_digest(folds)],
        "grown_from": before or None,
        "cases": list(ledger.contents),
    }
