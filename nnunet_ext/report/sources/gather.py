"""All folders together: every case once, with all that is known about it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import bids_stem, parse_case
from nnunet_ext.core.other_folder import did_you_mean
from nnunet_ext.core.tables import filled, read_table
from nnunet_ext.report.sources.find_images import cases_of, find_images, raw_dataset_above
from nnunet_ext.report.sources.found import Found
from nnunet_ext.report.sources.read_agreement import TABLES, read_agreement
from nnunet_ext.report.sources.read_biomarkers import BIOMARKERS, read_biomarkers
from nnunet_ext.report.sources.read_evaluation import METRICS, read_evaluation
from nnunet_ext.report.sources.read_predictions import TABLE, read_predictions
from nnunet_ext.report.sources.read_training import LOGS, PROGRESS, read_training
from nnunet_ext.report.sources.record import CaseRecord, MaskFile

_SCORES: Final = "scores.tsv"
_UNCERTAIN: Final = re.compile("uncertain|entropy|disagree", re.IGNORECASE)
_KINDS: Final[Mapping[Callable[[Path], Found], tuple[str, ...]]] = MappingProxyType(
    {
        read_evaluation: (METRICS,),
        read_biomarkers: (BIOMARKERS,),
        read_predictions: (TABLE,),
        read_training: (PROGRESS, f"*/{PROGRESS}", LOGS, f"*/{LOGS}"),
        read_agreement: tuple(TABLES),
    }
)


@dataclass(frozen=True)
class Gathered:
    """What a report is made of.

    Parameters
    ----------
    cases
        By name.
    found
        The folders, in the order in which they were given.
    """

    cases: tuple[CaseRecord, ...]
    found: tuple[Found, ...]


def gather(folders: Sequence[Path], images: Path | None = None) -> Gathered:
    """Read folders that the verbs left, and put their cases together.

    Parameters
    ----------
    folders
        Each is recognised by what lies in it, and may be several things at once. Where two tell different things
        about a case, the first is right.
    images
        Folder of images; it comes after what the folders themselves say.

    Raises
    ------
    DataRefusedError
        Where a folder is nothing that we know.
    """
    found = tuple(one for folder in folders for one in _read(folder))
    cases: dict[str, CaseRecord] = {}
    for one in found:
        for record in one.cases:
            known = _known_as(record.name, cases)
            cases[known or record.name] = cases[known].merged(record) if known else record
    for folder in folders:
        _add_scores(folder / _SCORES, cases)
    datasets = _datasets(cases.values())
    told = [_with_dataset(record, datasets) for record in cases.values()]
    return Gathered(tuple(sorted(_with_images(told, images), key=lambda record: record.name)), found)


def _read(folder: Path) -> list[Found]:
    found = [read(folder) for read, names in _KINDS.items() if _has_one(folder, names)]
    if not found:
        raise DataRefusedError(
            f"{folder}: metrics.tsv (evaluate), biomarkers.tsv (biomarkers), predictions.tsv (predict), progress.tsv "
            "or training_log_*.txt (a training), or comparison.tsv (agreement) was needed and none of them is there; "
            "try: nnunet_ext evaluate REF PRED -o OUT, then: nnunet_ext report OUT -o REPORT"
            f"{did_you_mean(folder, _is_known)}"
        )
    return found


def _is_known(folder: Path) -> bool:
    return any(_has_one(folder, names) for names in _KINDS.values())


def _has_one(folder: Path, names: Sequence[str]) -> bool:
    return any(next(folder.glob(name), None) is not None for name in names)


def _known_as(name: str, cases: Mapping[str, CaseRecord]) -> str | None:
    """Find the case under its own name, or under the one that holds its site, too, where that is only one."""
    if name in cases:
        return name
    stem = bids_stem(name)
    same = [other for other in cases if bids_stem(other) == stem]
    return same[0] if len(same) == 1 and stem.startswith("sub-") else None


def _add_scores(table: Path, cases: dict[str, CaseRecord]) -> None:
    """Add the columns of uncertainty that a query of the correction loop left."""
    for row in read_table(table, ["case"]) if table.is_file() else []:
        known = _known_as(row["case"], cases)
        if known is not None:
            said = {name: row.number(name) for name in row if _UNCERTAIN.search(name)}
            values = {name: value for name, value in said.items() if value is not None}
            cases[known] = replace(cases[known], values={**values, **cases[known].values})


@dataclass(frozen=True)
class _Dataset:
    """What a raw dataset says of its cases: rows of `cases.tsv`, and images."""

    rows: Mapping[str, Mapping[str, str]]
    images: Mapping[str, Path]


def _datasets(records: Iterable[CaseRecord]) -> dict[Path, _Dataset]:
    """Read each raw dataset that holds references once."""
    members: dict[Path, list[str]] = {}
    for record in records:
        folder = _dataset_of(record)
        if folder is not None:
            members.setdefault(folder, []).append(record.name)
    return {folder: _Dataset(cases_of(folder), find_images(folder, names)) for folder, names in members.items()}


def _dataset_of(record: CaseRecord) -> Path | None:
    folders = (raw_dataset_above(mask.path) for mask in record.reference.values())
    return next((folder for folder in folders if folder is not None), None)


def _with_dataset(record: CaseRecord, datasets: Mapping[Path, _Dataset]) -> CaseRecord:
    """Add site, contrast and image from the raw dataset that a mask lies in, and what a BIDS name says."""
    row: Mapping[str, str] = {}
    image = record.image
    folder = _dataset_of(record)
    if folder is not None:
        row = datasets[folder].rows.get(record.name, {})
        image = image or datasets[folder].images.get(record.name)
    name = parse_case(record.name)
    return replace(
        record,
        image=image,
        prediction=record.prediction or ({} if record.reference else _measured(record)),
        site=record.site or filled(row, "site"),
        contrast=record.contrast or filled(row, "contrast") or name.suffix,
        subject=record.subject or filled(row, "subject") or name.entity("sub"),
        session=record.session or filled(row, "session") or name.entity("ses"),
    )


def _measured(record: CaseRecord) -> dict[str, MaskFile]:
    """Take the image of lesion numbers where no mask is known: what was measured is drawn."""
    values = tuple(int(row["lesion"]) for row in record.biomarkers if row["lesion"].isdigit() and row["lesion"] != "0")
    if record.instances is None or not values or not record.instances.is_file():
        return {}
    return {"lesion": MaskFile(record.instances, values)}


def _with_images(records: Sequence[CaseRecord], folder: Path | None) -> list[CaseRecord]:
    if folder is None:
        return list(records)
    found = find_images(folder, [record.name for record in records if record.image is None])
    return [replace(record, image=record.image or found.get(record.name)) for record in records]
