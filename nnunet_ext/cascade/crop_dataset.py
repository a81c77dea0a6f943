"""A raw dataset for the cascade's second stage: outside the cord box the image is zero."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from nnunet_ext.cascade.box import Margins
from nnunet_ext.cascade.cords import PredictedCord, SourceCase, source_cases
from nnunet_ext.cascade.crop_case import CroppedCase, CropRecipe, case_needs, crop_case
from nnunet_ext.cascade.crop_table import COLUMNS, CropCounts, crop_counts, crop_tsv
from nnunet_ext.cascade.margins import RESERVE_MM, MarginPlan, plan_margins
from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.dataset_files.description import (
    BOXED,
    DATASET_JSON,
    QUALITY,
    SOURCE_FINGERPRINT,
    copy_description,
)
from nnunet_ext.core.dataset_files.digests import write_digests
from nnunet_ext.core.dataset_files.fingerprint import digest_of, fingerprint
from nnunet_ext.core.dataset_place import beside, finish_interrupted_swap, only_writer, refuse_taken_number, swap
from nnunet_ext.core.errors import ConflictError, DataRefusedError, FileRefusedError, UsageError
from nnunet_ext.core.json_numbers import finite
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.provenance import generated_by, sha256
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.core.tables import read_table, table_text
from nnunet_ext.core.workers import Progress, run_all

TABLE: Final = "crop.tsv"
MARGINS_FILE: Final = "crop_metadata.json"
MARGINS_YAML: Final = "crop_metadata.yaml"
"""The same for sc-crop, which reads no JSON."""

JITTER_MM: Final = (-RESERVE_MM, 10.0)
"""Inwards by no more than the reserve, so that margins derived from a dataset cut none of its labels; outwards by what
a localizer may find too much."""

_LOG: Final = logging.getLogger(__name__)
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
    jitter_mm, seed
        Least and most, in mm, that each face of a training box is moved by, and the seed of those draws.
    update
        Whether a boxed dataset that is out of date is boxed anew, rather than refused.
    """

    margins: Margins | None = None
    reserve_mm: float = RESERVE_MM
    jitter_mm: tuple[float, float] = JITTER_MM
    seed: int = 42
    update: bool = False


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
    made_by: Mapping[str, Any] | None = None,
    n_procs: int = 1,
    progress: Progress | None = None,
) -> Cropping:
    """Write `dataset` from `source`, complete or not at all. Nothing below `source` is written.

    Parameters
    ----------
    source
        A raw dataset with its images in `imagesTr` and, of test cases, `imagesTs`.
    dataset
        Where to write. Where it stands already, made from the same cases and options, nothing is done; where it was
        made from others, the options say whether it is replaced.
    cords
        The predicted cord of each case, by its name; see `find_cords`.
    made_by
        The model that predicted them, where that is known to have seen no case, for `crop.json`.
    n_procs
        Processes; the result does not depend on it.

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
    refuse_place(source, dataset)
    content = source.read_dataset_json()
    cases = source_cases(source, content, cords)
    with only_writer(dataset):
        finish_interrupted_swap(dataset)
        made_from = fingerprint(source)  # before anything is read: what changes meanwhile is seen the next time
        decided = _crop_fingerprint(made_from, cases, options)
        if dataset.folder.exists():
            before = _read_record(dataset)
            if before["fingerprint"] == decided:
                return Cropping(dataset, CropCounts(**before["counts"]), Margins(**before["margins_mm"]))
            _refuse_outdated(source, dataset, before, options)
        return _write(_Job(source, dataset, content, cases, options, made_from, decided, made_by), n_procs, progress)


@dataclass(frozen=True)
class _Job:
    source: RawDataset
    dataset: RawDataset
    content: Mapping[str, Any]
    cases: Sequence[SourceCase]
    options: CropOptions
    made_from: str
    fingerprint: str
    made_by: Mapping[str, Any] | None

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
        swap(unfinished, job.dataset)
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
        "cords_predicted_by": job.made_by,
        "margins_derived_from": planned.content() if planned is not None else None,
        "counts": asdict(crop_counts(cropped)),
        "fingerprint": job.fingerprint,
        SOURCE_FINGERPRINT: job.made_from,
        "columns": {column: {"Description": text} for column, text in COLUMNS.items()},
    }
    folder = unfinished.folder
    write_text(folder / TABLE, crop_tsv(cropped))
    write_json(folder / BOXED, record)
    write_json(folder / MARGINS_FILE, margins.content())
    write_text(folder / MARGINS_YAML, "".join(f"{key}: {mm}\n" for key, mm in margins.content().items()))
    copy_description(job.source, unfinished, but=[DATASET_JSON])
    _measure_boxes(unfinished, {case.source.case: case for case in cropped})
    # nnU-Net copies this one into every checkpoint: no case's name may stand in it.
    write_json(folder / DATASET_JSON, {**job.content, "crop": said})
    write_digests(unfinished, {})


def _measure_boxes(dataset: RawDataset, cropped: Mapping[str, CroppedCase]) -> None:
    """Let the copied `qc.tsv` say of each image how large its box is: that is all that nnU-Net will see of it."""
    table = dataset.folder / QUALITY
    if not table.is_file():
        return
    rows = read_table(table, ["case"])
    for row in rows:
        box = cropped[row["case"]].box if row["case"] in cropped else None
        if box is not None:
            row["shape"] = " ".join(map(str, box.shape))
    write_text(table, table_text(rows, list(rows[0]) if rows else []))


def _crop_fingerprint(made_from: str, cases: Sequence[SourceCase], options: CropOptions) -> str:
    """Hash what decides the dataset's content, so that a rerun knows its own work: the source, cords and options."""
    cords = {case.case: sha256(case.cord.file) for case in cases if case.cord is not None}
    decided = {name: value for name, value in asdict(options).items() if name != "update"}
    return digest_of([made_from, decided, cords])


def _read_record(dataset: RawDataset) -> dict[str, Any]:
    try:
        record = read_json_object(dataset.folder / BOXED)
        Cropping(dataset, CropCounts(**record["counts"]), Margins(**record["margins_mm"]))
        for number in (*record["counts"].values(), *record["margins_mm"].values()):
            finite(number)
        if not isinstance(record["fingerprint"], str):
            raise TypeError("no fingerprint")
    except (FileRefusedError, KeyError, TypeError, ValueError) as error:
        raise ConflictError(f"{dataset.folder}: something else stands here; choose another -d or -n") from error
    return record


def _refuse_outdated(source: RawDataset, dataset: RawDataset, before: Mapping[str, Any], options: CropOptions) -> None:
    if before["source"] != source.folder.name:
        raise ConflictError(f"{dataset.folder}: was boxed from {before['source']}; choose another -d or -n")
    if not options.update:
        raise ConflictError(
            f"{dataset.folder}: made from other cases, cords or options, or labels that {source.folder.name} has no "
            f"more; choose another -d or -n or, to box it anew, give the same command with --update"
        )


def _refuse(reasons: Sequence[str]) -> None:
    if reasons:
        raise DataRefusedError(
            f"nothing was written, as {len(reasons)} cases were refused: {'; '.join(reasons[:_SHOWN])}"
        )


def refuse_place(source: RawDataset, dataset: RawDataset) -> None:
    """Refuse a place inside the source, or a number that another dataset has.

    Raises
    ------
    UsageError, ConflictError
        See `crop_dataset`.
    """
    if dataset.folder.resolve().is_relative_to(source.folder.resolve()):
        raise UsageError(f"{dataset.folder}: would be written inside its source; choose another -d and -n")
    refuse_taken_number(dataset)
