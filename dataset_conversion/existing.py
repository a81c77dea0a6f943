"""A dataset that stands already, what it says of itself, and what a plan adds to it."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from nnunet_ext.core.dataset_files.description import BOXED, QUALITY, RECORD
from nnunet_ext.core.dataset_files.folds import HISTORY, Folds, edited_folds, read_folds
from nnunet_ext.core.errors import ConflictError, DataRefusedError, FileRefusedError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import Row, TableRow, cell
from nnunet_ext.core.target import parse_target
from nnunet_ext.dataset_conversion.cases_table import COLUMNS, person_of, read_cases
from nnunet_ext.dataset_conversion.convert_case import source_digests
from nnunet_ext.dataset_conversion.draw_sets import Membership, Patient
from nnunet_ext.dataset_conversion.ledger import Ledger
from nnunet_ext.dataset_conversion.plan import Plan
from nnunet_ext.dataset_conversion.plan_file import SCHEMA, VERIFIED, case_content
from nnunet_ext.dataset_conversion.planned_case import PlannedCase
from nnunet_ext.dataset_conversion.quality_table import quality_columns, unusual_first

_COLUMNS: Final = tuple(column for column in COLUMNS if column != "person")  # which older datasets have not
_OF_VALUES: Final = ("threshold", "values", "raters", "rater")


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
        Its `splits_final.json`, or what a person made of that in nnU-Net's preprocessed folder.
    edited
        Whether a person did.
    """

    dataset: RawDataset
    record: Mapping[str, Any]
    ledger: Ledger
    folds: Folds
    edited: bool = False

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

    def new_cases(self, plan: Plan) -> list[PlannedCase]:
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
        by_case = {row["case"]: row["split"] for row in self.ledger.included}
        by_image = {(row["dataset"], row["image"]): row["split"] for row in self.ledger.included}
        new = []
        for case in plan.cases:
            image = case.source.name, ";".join(image for image in case.images if image)
            split = by_case.get(case.case) or by_image.get(image)
            if split is None or (split == "pool" and not case.reason and case.split != "pool"):
                new.append(case)
        return new

    def changed_cases(self, plan: Plan) -> list[PlannedCase]:
        """Give the cases that the dataset has and that would be other ones now, by the content of their sources.

        Another file, mask or rater counts, and so do the participant's site and another rule of the profile for the
        values of masks. A source that is not there at present says nothing, nor does a case that is left out knowingly.
        """
        ruled = {name: _rules(profile.content()) for name, profile in plan.profiles.items()}
        otherwise = {name for name, rules in ruled.items() if rules != _rules(self.record["profiles"].get(name, {}))}
        rows = zip(self.ledger.rows, self.ledger.contents, strict=True)
        known = {row["case"]: (row, content) for row, content in rows if row["status"] == "include"}
        new = {case.case for case in self.new_cases(plan)}
        return [
            case
            for case in plan.cases
            if case.case in known
            and case.case not in new
            and not _outranked(case, known[case.case][1])
            and (_differs(case, *known[case.case]) or (case.source.name in otherwise and not case.reason))
        ]


def read_existing(dataset: RawDataset, preprocessed: Path | None = None) -> Existing:
    """Read a dataset that `write_dataset` made, and see whether its images are all there.

    Parameters
    ----------
    dataset
        Where it stands.
    preprocessed
        Its folder in `nnUNet_preprocessed`: folds that a person edited there count instead of its own.

    Raises
    ------
    ConflictError
        Where something else stands in its place, such as a dataset that was boxed from another.
    DataRefusedError
        Where images of it are gone.
    """
    folder = dataset.folder
    if (folder / BOXED).exists():
        raise ConflictError(
            f"{folder}: its images are boxed from another dataset; add to that one, then box it anew: "
            f"nnunet_ext crop-dataset ... --update"
        )
    try:
        record = read_json_object(folder / RECORD)
        if record["schema"] != SCHEMA:
            raise ValueError(f"it has schema {record['schema']}, and {SCHEMA} was needed")
        ledger = Ledger(read_cases(folder, needed=_COLUMNS), _read_quality(folder, record), record["cases"])
        _check_record(record, len(ledger.rows))
        missing = [row["case"] for row in ledger.included if not dataset.image(row["case"], row["split"]).is_file()]
    except (FileRefusedError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConflictError(f"{folder}: something else stands here ({error}); choose another -d or -n") from error
    if missing:
        raise DataRefusedError(
            f"{folder}: {len(missing)} of its images are gone, the first {missing[0]}; "
            f"remove the folder and convert again"
        )
    edited = None if preprocessed is None else edited_folds(folder, preprocessed)
    return Existing(dataset, record, ledger, read_folds(folder) if edited is None else edited, edited is not None)


def _check_record(record: Mapping[str, Any], cases: int) -> None:
    """Raise ValueError, KeyError, TypeError or AttributeError where a person edited what is added to and compared."""
    if len(record["cases"]) != cases:
        raise ValueError(f"{RECORD} holds {len(record['cases'])} cases, and cases.tsv {cases}")
    for content in record["cases"]:
        kinds = {"images": list, "labels": dict, "refused": bool}
        if wrong := [name for name, kind in kinds.items() if not isinstance(content[name], kind)]:
            raise ValueError(f"{RECORD}: {', '.join(wrong)} of a case are not what convert writes")
        if not isinstance(content.get("sha256", {}), dict):
            raise ValueError(f"{RECORD}: sha256 of a case is no mapping")
    for profile in record["profiles"].values():
        _rules(profile)
    if not isinstance(record.get(HISTORY, []), list) or not all(one["name"] for one in record.get("sources", [])):
        raise ValueError(f"{RECORD}: {HISTORY} or sources are not what convert writes")
    if missing := [name for name in ("seed", "resample", "register") if name not in record]:
        raise ValueError(f"{RECORD}: no {', '.join(missing)}")


def _read_quality(folder: Path, record: Mapping[str, Any]) -> list[TableRow]:
    classes = parse_target(record["target"]).needed_classes
    rows = read_cases(folder, QUALITY, list(quality_columns(classes)))
    with refuse_malformed(folder / QUALITY, "what convert measured was needed"):
        unusual_first(rows, classes)  # which compares them with what is added
    return rows


def changed_in_words(dataset: RawDataset, cases: Sequence[str]) -> str:
    """Say which cases' sources have changed, and what helps."""
    return (
        f"{dataset.folder}: {len(cases)} of its cases have other sources, or other rules, than when they were "
        f"converted: {first_few(cases)}; "
        f"to take over what they hold now, together with what is new: the same command with --update"
    )


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


def _rules(profile: Mapping[str, Any]) -> list[Any]:
    """Take of a profile what decides the voxels of a label map."""
    classes = profile.get("classes", {})
    by_class = {name: [found.get(key) for key in _OF_VALUES] for name, found in sorted(classes.items())}
    return [profile.get("lesion_outside_cord"), by_class]


def _outranked(case: PlannedCase, content: Mapping[str, Any]) -> bool:
    """Tell whether people corrected its masks in a correction loop: these go before whatever lies in its dataset."""
    return not case.verified and any(label.get(VERIFIED) for label in content["labels"].values())


def _differs(case: PlannedCase, row: Row, content: Mapping[str, Any]) -> bool:
    if case.reason:
        return case.refused
    planned, before = case_content(case), content.get("sha256", {})
    if (row["site"], row["pathology"]) != (cell(case.site), cell(case.pathology)):
        return True
    if any(planned[key] != content[key] for key in ("images", "labels")):
        return True
    return any(before.get(name) != digest for name, digest in source_digests(case).items())


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
