"""Many cases, one after another: a fault of one never stops the others."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.cascade.prediction.case_files import CaseFiles, Naming, Wanted, name_files
from nnunet_ext.cascade.prediction.failure_in_words import failure_in_words
from nnunet_ext.cascade.prediction.predict_case import CaseOptions, PredictedCase, predict_case
from nnunet_ext.cascade.prediction.read_images import CaseImages, InputCase, read_images
from nnunet_ext.cascade.prediction.segmentation import CaseSegmenter
from nnunet_ext.cascade.prediction.what_stands import SECONDS, Standing, finished_case, volumes_of, what_stands
from nnunet_ext.cascade.prediction.write_case import sidecar, write_case
from nnunet_ext.core.errors import ConflictError, FileRefusedError
from nnunet_ext.core.provenance import sha256

_LOG: Final = logging.getLogger(__name__)
_SHOWN: Final = 5


class Status(StrEnum):
    """What became of a case."""

    DONE = "done"
    KEPT = "kept"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class PredictionJob:
    """All that the cases of a run share.

    Parameters
    ----------
    segmenter, localizer
        The models; the latter None where there is none.
    recipe, about
        For the sidecars, see `sidecar`.
    keep_finished
        Whether a case that an earlier run finished in the same way is kept.
    force
        Whether what an earlier run of other settings left is replaced.
    linked
        Whether the folder's description leads to the dataset of the images, by the name `raw`.
    reader
        Name of nnU-Net's reader in the model's plans, for `nnUNetv2_ensemble`.
    said
        What a reader of each case must know of the models.
    """

    segmenter: CaseSegmenter
    localizer: CaseSegmenter | None
    options: CaseOptions
    out: Path
    naming: Naming
    wanted: Wanted
    recipe: Mapping[str, Any]
    about: Mapping[str, Any]
    keep_finished: bool = False
    force: bool = False
    linked: bool = False
    reader: str = "NibabelIO"
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseOutcome:
    """What became of a case.

    Parameters
    ----------
    case
        Its name.
    status
        Done, kept from an earlier run, failed, or left out knowingly.
    reason
        Why it failed or was left out.
    warnings
        As in its sidecar.
    volumes_mm3
        Of each region; empty where there is no prediction.
    seconds
        That it took; None where there is no prediction.
    spared
        Names of files that are not as they were predicted, for which the case is kept as it stands.
    model
        Its name, or those of two that did its work; empty where there is no prediction.
    """

    case: str
    status: Status
    reason: str = ""
    warnings: tuple[str, ...] = ()
    volumes_mm3: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    spared: tuple[str, ...] = ()
    model: str = ""


def refuse_overwriting(cases: Sequence[InputCase], job: PredictionJob) -> None:
    """Look at what stands under the names that the cases would get, before anything is done.

    Raises
    ------
    ConflictError
        Where a file is not, byte for byte, what an earlier run of the same settings left; see `Standing.refused`.
    """
    found = {case.name: _standing(case, job).refused(**_policy(job)) for case in cases if not case.reason}
    refused = [f"{name}: {', '.join(why)}" for name, why in found.items() if why]
    if refused:
        more = f"; and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
        raise ConflictError(
            f"{job.out}: {len(refused)} of {len(cases)} images have predictions that would be overwritten: "
            f"{'; '.join(refused[:_SHOWN])}{more}. Choose another -o; or --force, which replaces what this command "
            "wrote and keeps what was corrected by hand"
        )


def predict_all(cases: Sequence[InputCase], job: PredictionJob) -> Iterator[CaseOutcome]:
    """Predict cases and write their outputs.

    Yields
    ------
    CaseOutcome
        One for each case, in their order, as soon as its files are written: whoever is interrupted knows what was done.
    """
    for case in cases:
        yield _outcome(case, job)


def _outcome(case: InputCase, job: PredictionJob) -> CaseOutcome:
    if case.reason:
        return CaseOutcome(case.name, Status.FAILED if case.refused else Status.SKIPPED, case.reason)
    try:
        return _predict(case, job)
    except Exception as error:  # noqa: BLE001 - whatever a damaged file, a full memory or a bug does to one case
        reason = failure_in_words(error)
        _LOG.warning("%s failed: %s", case.name, reason)
        _LOG.debug("%s", case.name, exc_info=True)
        return CaseOutcome(case.name, Status.FAILED, reason)


def _predict(case: InputCase, job: PredictionJob) -> CaseOutcome:
    begun, name = time.perf_counter(), job.segmenter.name
    files = _files(case, job)
    images = read_images(case)
    standing = _standing(case, job)
    if spared := standing.spared(**_policy(job)):
        return _kept_as_it_stands(case, files, spared, images, job)
    if refused := standing.refused(**_policy(job)):
        raise ConflictError(f"would be overwritten: {', '.join(refused)}")
    if job.keep_finished:
        kept = finished_case(files, images, job.options.regions, job.recipe)
        if kept is not None:
            files.journal.unlink(missing_ok=True)  # of a run that was killed when it had just finished the case
            return CaseOutcome(case.name, Status.KEPT, "", kept.warnings, kept.volumes_mm3, kept.seconds, model=name)
    predicted = predict_case(images.volumes, job.segmenter, job.localizer, job.options)
    said = (*job.said, *images.warnings, *predicted.warnings, *_of_centreline(predicted, job))
    predicted = replace(predicted, warnings=said)
    volumes = _volumes(predicted, images)
    seconds = round(time.perf_counter() - begun, 3)
    content = sidecar(predicted, images.inputs, job.recipe, job.about, linked=job.linked)
    content |= {"VolumesMm3": volumes, SECONDS: seconds}
    if _standing(case, job).spared(keep_finished=True, force=True):
        raise ConflictError("its masks were changed while it was predicted, and are kept; run the same command again")
    write_case(files, predicted, images.volumes[0], (job.options.regions, job.reader), content)
    return CaseOutcome(case.name, Status.DONE, "", predicted.warnings, volumes, seconds, model=name)


def _kept_as_it_stands(
    case: InputCase, files: CaseFiles, spared: Sequence[Path], images: CaseImages, job: PredictionJob
) -> CaseOutcome:
    names = tuple(file.name for file in spared)
    warnings = [f"{', '.join(names)}: not as predicted but corrected by hand, so the case is kept as it stands"]
    try:
        volumes = volumes_of(files, images, job.options.regions)
    except (FileRefusedError, OSError) as error:
        volumes = {}
        warnings.append(f"its volumes are unknown: {failure_in_words(error)}")
    return CaseOutcome(case.name, Status.KEPT, "", tuple(warnings), volumes, spared=names)


def _files(case: InputCase, job: PredictionJob) -> CaseFiles:
    return name_files(job.out, case, job.naming, job.options.regions.names, job.wanted)


def _standing(case: InputCase, job: PredictionJob) -> Standing:
    files = _files(case, job)
    return what_stands(files, job.recipe, _known_by(case, files, job))


def _known_by(case: InputCase, files: CaseFiles, job: PredictionJob) -> list[dict[str, str]]:
    """Say by what an earlier run's images are told from today's.

    By name and content; where finished cases are kept, an image that has changed is predicted anew, so by name alone.
    """
    if not any(sidecar.is_file() for sidecar in files.sidecars):
        return []
    there = [(name, file) for name, file in zip(case.sources, case.images, strict=True) if file and file.is_file()]
    return [{"Name": name} if job.keep_finished else {"Name": name, "SHA256": sha256(file)} for name, file in there]


def _policy(job: PredictionJob) -> dict[str, bool]:
    return {"keep_finished": job.keep_finished, "force": job.force}


def _of_centreline(predicted: PredictedCase, job: PredictionJob) -> tuple[str, ...]:
    empty = predicted.cord is None or not predicted.cord.any()
    return ("there is no cord: the centreline is empty",) if job.wanted.centreline and empty else ()


def _volumes(predicted: PredictedCase, images: CaseImages) -> dict[str, float]:
    voxel = images.volumes[0].voxel_volume_mm3
    return {name: round(float(np.count_nonzero(mask)) * voxel, 3) for name, mask in predicted.masks.items()}
