"""A dataset that stands already, what it says of itself, and what a plan adds to it."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from nnunet_ext.core.errors import ConflictError, DataRefusedError
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.dataset_conversion.draw_sets import Membership, Patient
from nnunet_ext.dataset_conversion.ledger import Ledger
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.plan_file import RECORD, SCHEMA
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.tables import person_of, read_cases


@dataclass(frozen=True)
class Existing:
    """A dataset that stands already.

    Parameters
    ----------
    dataset
        Where.
    record
        Its `conversion.json`.
    ledger
        What it says of its cases.
    folds
        Its `splits_final.json`.
    """

    dataset: RawDataset
    record: Mapping[str, Any]
    ledger: Ledger
    folds: Sequence[Mapping[str, Sequence[str]]]

    @property
    def known(self) -> dict[Patient, Membership]:
        """The set of each of its subjects; one that is only in the pool must not be tested on later."""
        known: dict[Patient, Membership] = {}
        for row in self.ledger.included:
            patient = (row["dataset"], row["subject"])
            old = known.get(patient, Membership("train", "was in the pool", "", person_of(row)))
            images = {**old.images, **dict(zip(row["image"].split(";"), row["image_sha256"].split(";"), strict=False))}
            if row["split"] in ("train", "test"):
                set_name: Literal["train", "test"] = "test" if row["split"] == "test" else "train"
                old = replace(old, set_name=set_name, by=row["split_by"], site=row["site"])
            known[patient] = replace(old, images=images)
        return known

    def without_known(self, plan: Plan) -> list[PlannedCase]:
        """Give the cases of a plan that are new to the dataset, and those of its pool that have labels now.

        Raises
        ------
        ConflictError
            Where the plan has another target.
        """
        if plan.target.content() != self.record["target"]:
            raise ConflictError(
                f"{self.dataset.folder}: its target is {self.record['target']['name']}, and this one is "
                f"{plan.target.name}, or was changed; choose another -d"
            )
        splits = {(row["dataset"], row["image"]): row["split"] for row in self.ledger.included}
        return [case for case in plan.cases if _is_new(case, splits)]


def read_existing(dataset: RawDataset) -> Existing:
    """Read a dataset that `write_dataset` made, and see whether its images are all there.

    Raises
    ------
    ConflictError
        Where something else stands in its place.
    DataRefusedError
        Where images of it are gone.
    """
    folder = dataset.folder
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA:
            raise ValueError(f"it has schema {record['schema']}, and {SCHEMA} was needed")
        ledger = Ledger(read_cases(folder), read_cases(folder, "qc.tsv"), record["cases"])
        splits = folder / "splits_final.json"
        folds = json.loads(splits.read_text(encoding="utf-8")) if splits.exists() else []
        missing = [row["case"] for row in ledger.included if not dataset.image(row["case"], row["split"]).is_file()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConflictError(f"{folder}: something else stands here ({error}); choose another -d or -n") from error
    if missing:
        raise DataRefusedError(
            f"{folder}: {len(missing)} of its images are gone, the first {missing[0]}; "
            f"remove the folder and convert again"
        )
    return Existing(dataset, record, ledger, folds)


def carry_over(existing: Existing, cases: set[str], dataset: RawDataset) -> None:
    """Let another folder have the files of `cases`, too, without copying where the disk can do that.

    No file of a dataset is ever changed in place, so that sharing them is safe.
    """
    for row in existing.ledger.included:
        if row["case"] in cases:
            old, split = existing.dataset, row["split"]
            for path in [*_channels(old, row["case"], split), old.label(row["case"], split)]:
                if path.is_file():
                    _link(path, dataset.folder / path.relative_to(old.folder))


def _is_new(case: PlannedCase, splits: Mapping[tuple[str, str], str]) -> bool:
    split = splits.get((case.source.name, ";".join(image for image in case.images if image)))
    return split is None or (split == "pool" and not case.reason and case.split != "pool")


def _channels(dataset: RawDataset, case: str, split: str) -> list[Path]:
    first = dataset.image(case, split)
    return sorted(first.parent.glob(first.name.replace("_0000.", "_[0-9][0-9][0-9][0-9].")))


def _link(path: Path, other: Path) -> None:
    other.parent.mkdir(parents=True, exist_ok=True)
    other.unlink(missing_ok=True)
    try:
        os.link(path, other)
    except OSError:  # another disk, or one that knows no links
        shutil.copy2(path, other)
