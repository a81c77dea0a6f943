"""A raw dataset for the cascade's second stage: outside the cord box the image is zero."""

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from nnunet_ext.cascade.box import Margins
from nnunet_ext.cascade.cords import PredictedCord
from nnunet_ext.cascade.crop_case import CroppedCase, CropRecipe, SourceCase, case_needs, crop_case
from nnunet_ext.cascade.crop_table import COLUMNS, CropCounts, crop_counts, crop_tsv
from nnunet_ext.cascade.margins import RESERVE_MM, MarginPlan, plan_margins
from nnunet_ext.cascade.source_cases import source_cases
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.dataset_place import beside, only_writer, refuse_taken_number
from nnunet_ext.core.errors import ConflictError, DataRefusedError, UsageError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.provenance import generated_by, sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.workers import Progress, run_all

RECORD: Final = "crop.json"
TABLE: Final = "crop.tsv"
MARGINS_FILE: Final = "crop_metadata.json"
MARGINS_YAML: Final = "crop_metadata.yaml"
"""The same for sc-crop, which reads no JSON."""

JITTER_MM: Final = (-RESERVE_MM, 10.0)
"""Inwards by no more than the reserve, so that margins derived from a dataset cut none of its labels; outwards by what
a localizer may find too much."""

_LOG: Final = logging.getLogger(__name__)
_COPIED: Final = ("splits_final.json", "cases.tsv", "cases.json", "conversion.json")
_SHOWN: Final = 5


@dataclass(frozen=True)
class CropOptions:
    """What a user decides.

    Parameters
    ----------
    margins
        Around the cord; None derives them from the training cases.
    reserve_mm
        Added to derived ones.
    jitter_mm
        Least and most, in mm, that each face of a training box is moved by.
    seed
        Of those draws.
    """

    margins: Margins | None = None
    reserve_mm: float = RESERVE_MM
    jitter_mm: tuple[float, float] = JITTER_MM
    seed: int = 42


@dataclass(frozen=True)
class Cropping:
    """A finished dataset, what became of its cases, and the margins that prediction is to use."""

    dataset: RawDataset
    counts: CropCounts
    margins: Margins


def crop_dataset(
    source: RawDataset,
    dataset: RawDataset,
    cords: Mapping[str, PredictedCord],
    options: CropOptions,
    *,
    n_procs: int = 1,
    progress: Progress | None = None,
) -> Cropping:
    """Write `dataset` from `source`, complete or not at all. Nothing below `source` is written.

    Parameters
    ----------
    source
        A raw dataset with its images in `imagesTr` and, of test cases, `imagesTs`.
    dataset
        Where to write. Where it stands already, made from the same cases and options, nothing is done.
    cords
        The predicted cord of each case, by its name; see `find_cords`.
    options
        What a user decides.
    n_procs
        Processes; the result does not depend on it.
    progress
        Called with the number of cases written and of all.

    Raises
    ------
    UsageError
        Where the dataset would stand inside its source.
    ConflictError
        Where another dataset stands there or has this number, or another process writes it.
    DataRefusedError
        Where the source is no such dataset, no training case has a cord, or files are refused, naming the first.
    ProcessFailedError
        Where a worker was killed.
    """
    _refuse_place(source, dataset)
    content = source.read_dataset_json()
    cases = source_cases(source, content, cords)
    fingerprint = _fingerprint(content, cases, options)
    with only_writer(dataset):
        if dataset.folder.exists():
            return _finished_before(dataset, fingerprint)
        return _write(_Job(source, dataset, content, cases, options, fingerprint), n_procs, progress)


@dataclass(frozen=True)
class _Job:
    source: RawDataset
    dataset: RawDataset
    content: Mapping[str, Any]
    cases: Sequence[SourceCase]
    options: CropOptions
    fingerprint: str

    @property
    def ignore(self) -> int | None:
        return Labelling.of_dataset_json(self.content).ignore


def _write(job: _Job, n_procs: int, progress: Progress | None) -> Cropping:
    unfinished = RawDataset(beside(job.dataset, "unfinished"))
    shutil.rmtree(unfinished.folder, ignore_errors=True)
    try:
        margins, planned = _margins(job, n_procs)
        recipe = CropRecipe(margins, job.options.jitter_mm, job.options.seed, job.ignore)
        cropped = run_all(crop_case, job.cases, (recipe, unfinished), n_procs, progress)
        _refuse([case.refused for case in cropped if case.refused])
        _write_tables(job, unfinished, margins, planned, cropped)
        unfinished.folder.replace(job.dataset.folder)
    finally:
        shutil.rmtree(unfinished.folder, ignore_errors=True)
    return Cropping(job.dataset, crop_counts(cropped), margins)


def _margins(job: _Job, n_procs: int) -> tuple[Margins, MarginPlan | None]:
    """Take the margins that were given, or derive them and tell how."""
    if job.options.margins is not None:
        return job.options.margins, None
    training = [case for case in job.cases if case.split == "train"]
    answers = run_all(case_needs, training, (job.ignore,), n_procs, None)
    _refuse([answer for answer in answers if isinstance(answer, str)])
    needs = {case.case: need for case, need in zip(training, answers, strict=True) if isinstance(need, Margins)}
    planned = plan_margins(needs, job.options.reserve_mm)
    for face, need in planned.needs.items():
        if need.lost:
            _LOG.warning(
                "%s: the localizer lost a part of its cord, %.0f mm at the %s face, where the others need %.0f mm; its "
                "own box is widened, the margin is not. Look at the prediction",
                *(need.case, need.needed_mm, face, need.next_mm),
            )
    return planned.margins, planned


def _write_tables(
    job: _Job, unfinished: RawDataset, margins: Margins, planned: MarginPlan | None, cropped: Sequence[CroppedCase]
) -> None:
    said = {
        "source": job.source.folder.name,
        "margins_mm": margins.by_face(),
        "random_margins_mm": list(job.options.jitter_mm),
        "seed": job.options.seed,
    }
    record = {
        "GeneratedBy": [generated_by()],
        **said,
        "margins_derived_from": planned.content() if planned is not None else None,
        "counts": asdict(crop_counts(cropped)),
        "fingerprint": job.fingerprint,
        "columns": {column: {"Description": text} for column, text in COLUMNS.items()},
    }
    folder = unfinished.folder
    write_text(folder / TABLE, crop_tsv(cropped))
    write_json(folder / RECORD, record)
    write_json(folder / MARGINS_FILE, margins.content())
    write_text(folder / MARGINS_YAML, "".join(f"{key}: {mm}\n" for key, mm in margins.content().items()))
    for name in _COPIED:
        if (job.source.folder / name).is_file():
            shutil.copyfile(job.source.folder / name, folder / name)
    # nnU-Net copies this one into every checkpoint: no case's name may stand in it.
    write_json(folder / "dataset.json", {**job.content, "crop": said})


def _finished_before(dataset: RawDataset, fingerprint: str) -> Cropping:
    try:
        record = json.loads((dataset.folder / RECORD).read_text(encoding="utf-8"))
        same = record["fingerprint"] == fingerprint
        cropping = Cropping(dataset, CropCounts(**record["counts"]), Margins(**record["margins_mm"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConflictError(f"{dataset.folder}: something else stands here; choose another -d or -n") from error
    if not same:
        raise ConflictError(
            f"{dataset.folder}: made from other cases, cords or options; choose another -d or -n, or remove it"
        )
    return cropping


def _fingerprint(content: Mapping[str, Any], cases: Sequence[SourceCase], options: CropOptions) -> str:
    """Hash what decides the dataset's content, so that a rerun knows its own work; cords whole, as they may change."""
    decided = [
        [case.case, case.split, _sizes(case), sha256(case.cord.file) if case.cord is not None else ""] for case in cases
    ]
    told = {"dataset": dict(content), "options": asdict(options), "cases": decided}
    return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode("ascii")).hexdigest()


def _sizes(case: SourceCase) -> list[int]:
    return [file.stat().st_size for file in (*case.images, *([case.label] if case.label is not None else []))]


def _refuse(reasons: Sequence[str]) -> None:
    if reasons:
        raise DataRefusedError(
            f"nothing was written, as {len(reasons)} cases were refused: {'; '.join(reasons[:_SHOWN])}"
        )


def _refuse_place(source: RawDataset, dataset: RawDataset) -> None:
    if dataset.folder.resolve().is_relative_to(source.folder.resolve()):
        raise UsageError(f"{dataset.folder}: would be written inside its source; choose another -d and -n")
    refuse_taken_number(dataset)
