"""Taking in one case: the opinions of its raters, what came of them, masks and rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.active_learning.ingest.consensus import Agreed, agree
from nnunet_ext.active_learning.ingest.effort import EFFORT_COLUMNS, total
from nnunet_ext.active_learning.ingest.find_masks import FoundMasks
from nnunet_ext.active_learning.ingest.given_cases import GivenCase
from nnunet_ext.active_learning.ingest.job import IngestJob
from nnunet_ext.active_learning.ingest.opinion import Opinion, form_opinion
from nnunet_ext.active_learning.ingest.read_case import CaseMask, read_given_mask, read_image
from nnunet_ext.active_learning.ingest.record import VerifiedPlace, record_mask, taken_in
from nnunet_ext.active_learning.ingest.words import CONSENSUS_RATER, KEPT, Action, Said
from nnunet_ext.core.cell_lists import PATHS, join_list
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.slices import slices_cell
from nnunet_ext.core.tables import NOTHING, Row, cell, filled
from nnunet_ext.core.volume import Volume

INGEST_COLUMNS: Final = (
    *("case", "rater", "action", "regions", "slices", "reason", "mask", "mask_sha256", "predicted_sha256"),
    *EFFORT_COLUMNS,
    *("minutes", "model_sha256", "round"),
)
BY_REGION_COLUMNS: Final = ("case", "rater", "region", "action", *EFFORT_COLUMNS)


@dataclass(frozen=True)
class CameBack:
    """All that came back of a round, by rater."""

    said: Mapping[str, Said]
    found: Mapping[str, FoundMasks]


@dataclass(frozen=True)
class CaseTaken:
    """What came of a case.

    Parameters
    ----------
    rows, by_region, agreement, adjudicate
        Of the tables.
    files
        The verified masks that stand.
    refused
        What must be mended, in words.
    """

    rows: tuple[Row, ...]
    by_region: tuple[Row, ...]
    agreement: tuple[Row, ...]
    adjudicate: tuple[Row, ...]
    files: tuple[Path, ...]
    refused: tuple[str, ...]


def ingest_case(
    case: GivenCase, rows: Sequence[Row], given: Mapping[str, tuple[Path, ...]], back: CameBack, job: IngestJob
) -> CaseTaken:
    """Take in one case; whatever is wrong with it stands in the reasons of its rows.

    Parameters
    ----------
    case
        Which.
    rows
        Of the query: one for each rater.
    given
        For each region the mask as it was given out.
    back
        What came back.
    job
        How.
    """
    raters = [filled(row, "rater") for row in rows]
    opinions, image, masks = _opinions(case, raters, rows[0], given, back, job)
    agreed = _agreed(case, opinions, image, job) if len(raters) > 1 else None
    taken: list[Row] = []
    by_region: list[Row] = []
    files: list[Path] = []
    for opinion in opinions if agreed is None else [*_of_raters(opinions), agreed.opinion]:
        several = agreed is not None and opinion.rater != CONSENSUS_RATER
        written = _record(case, opinion, image, masks, job, several=several)
        files += [path for path, _ in written]
        taken.append(_row(case, opinion, written, masks, job))
        by_region += _rows_by_region(case, opinion)
    agreement, adjudicate = ((), ()) if agreed is None else (agreed.agreement, agreed.adjudicate)
    refused = [
        f"{' of '.join(filter(None, (case.case, one.rater)))}: {one.reasons[0]}" for one in opinions if one.faulty
    ]
    return CaseTaken(tuple(taken), tuple(by_region), agreement, adjudicate, tuple(files), tuple(refused))


def _opinions(
    case: GivenCase,
    raters: Sequence[str],
    row: Row,
    given: Mapping[str, tuple[Path, ...]],
    back: CameBack,
    job: IngestJob,
) -> tuple[list[Opinion], Volume | None, Mapping[str, CaseMask]]:
    """Form the opinion of each rater, and of who decides between them where somebody has."""
    asked = [*raters, *([CONSENSUS_RATER] if len(raters) > 1 and CONSENSUS_RATER in back.said else [])]
    try:
        image = read_image([_image(case, name, job) for name in case.images], row["image_sha256"])
        masks = _given_masks(given, image, job)
    except DataRefusedError as error:
        return [_refused(rater, error) for rater in asked], None, {}
    opinions = []
    for rater in asked:
        said, found = back.said.get(rater, Said()), back.found.get(rater, FoundMasks())
        words, files = said.words.get(case.case, ()), found.files.get(case.case, {})
        try:
            if case.case in found.unsure:
                names = ", ".join(found.unsure[case.case])
                raise DataRefusedError(
                    f"masks that may be another image's: {names}; put them below a folder of its name"
                )
            opinion = form_opinion(rater, words, files, masks, image, job.lesion_outside_cord)
        except DataRefusedError as error:
            opinion = _refused(rater, error)
        if rater not in back.said:
            opinion = Opinion(rater, Action.DEFER, ("nothing came back",))
        opinions.append(opinion)
    return opinions, image, masks


def _image(case: GivenCase, name: str, job: IngestJob) -> Path:
    if case.dataset not in job.pool:
        raise DataRefusedError(f"the dataset {case.dataset} is no longer in the pool; name its folder in active.toml")
    return job.pool[case.dataset] / name


def _given_masks(files: Mapping[str, tuple[Path, ...]], image: Volume, job: IngestJob) -> dict[str, CaseMask]:
    masks = {}
    for region, _ in job.target.classes:
        several = files.get(region, ())
        if len(several) > 1:
            names = ", ".join(sorted(path.name for path in several))
            raise DataRefusedError(f"{region}: one mask as it was given out was needed, found {names}")
        nothing = CaseMask(np.zeros(image.data.shape, dtype=np.bool_))
        masks[region] = read_given_mask(several[0], image) if several else nothing
    return masks


def _agreed(case: GivenCase, opinions: Sequence[Opinion], image: Volume | None, job: IngestJob) -> Agreed:
    of_raters = _of_raters(opinions)
    size = 1.0 if image is None else image.voxel_volume_mm3
    agreed = agree(case.case, of_raters, job.consensus, job.lesion_outside_cord, size)
    decided = next((one for one in opinions if one.rater == CONSENSUS_RATER), None)
    if decided is None or (decided.action is Action.DEFER and not agreed.adjudicate):
        return agreed
    if decided.action is Action.DEFER:
        reasons = (*agreed.opinion.reasons, *(f"{CONSENSUS_RATER}: {text}" for text in decided.reasons))
        return replace(agreed, opinion=replace(agreed.opinion, reasons=reasons))
    return Agreed(decided, agreed.agreement)


def _of_raters(opinions: Sequence[Opinion]) -> list[Opinion]:
    return [one for one in opinions if one.rater != CONSENSUS_RATER]


def _refused(rater: str, error: DataRefusedError) -> Opinion:
    why = f"{error.path.name}: {error.reason}" if isinstance(error, FileRefusedError) else str(error)
    return Opinion(rater, Action.DEFER, (why,), faulty=True)


def _record(
    case: GivenCase,
    opinion: Opinion,
    image: Volume | None,
    given: Mapping[str, CaseMask],
    job: IngestJob,
    *,
    several: bool,
) -> list[tuple[Path, str]]:
    """Write the masks of an opinion, and give their files and hashes."""
    if image is None or opinion.action not in KEPT:
        return []
    place, written = VerifiedPlace(job.verified), []
    for region, mask in opinion.masks.items():
        path = place.mask(case.dataset, case.stem, region, opinion.rater if several else "")
        written.append((path, record_mask(path, mask, image, _entries(opinion, region, given[region], job))))
    return written


def _entries(opinion: Opinion, region: str, given: CaseMask, job: IngestJob) -> list[Mapping[str, Any]]:
    """List who made a mask: the model, the rater's own programs, and this taking in."""
    effort, limit = opinion.efforts.get(region), opinion.slices.get(region)
    facts = {
        "Round": job.round,
        "Region": region,
        "ModelSHA256": filled({"model": job.model_sha256}, "model"),
        "PredictedSHA256": given.sha256,
        "ReturnedSHA256": opinion.returned_sha256.get(region, ""),
        "VoxelsChanged": None if effort is None else effort.voxels_changed,
        "Slices": "" if limit is None else str(limit),
        "Reasons": list(opinion.reasons),
    }
    own = [entry for entry in opinion.made_by.get(region, ()) if entry not in given.made_by]
    if not own and effort is not None and effort.voxels_changed:  # a viewer that writes no sidecar; when, nobody knows
        own = [{"Name": "Manual", **({"Author": opinion.rater} if opinion.rater else {})}]
    return [*given.made_by, *own, taken_in(opinion.action, opinion.rater, facts)]


def _row(
    case: GivenCase,
    opinion: Opinion,
    written: Sequence[tuple[Path, str]],
    given: Mapping[str, CaseMask],
    job: IngestJob,
) -> Row:
    kept = opinion.action in KEPT
    measured = kept and bool(opinion.efforts)
    nothing = dict.fromkeys(EFFORT_COLUMNS, NOTHING)
    texts = {
        "case": case.case,
        "rater": opinion.rater,
        "action": str(opinion.action),
        "regions": join_list(opinion.masks, PATHS) if kept else "",
        "slices": slices_cell(opinion.slices) if kept else "",
        "reason": join_list(opinion.reasons),
        "mask": join_list((path.relative_to(job.verified).as_posix() for path, _ in written), PATHS),
        "mask_sha256": join_list((digest for _, digest in written), PATHS),
        "predicted_sha256": join_list((one.sha256 for one in given.values() if one.sha256), PATHS),
        "minutes": "" if opinion.minutes is None else f"{opinion.minutes:g}",
        "model_sha256": job.model_sha256,
        "round": str(job.round),
    }
    cells = {column: cell(text) for column, text in texts.items()}
    cells |= total(opinion.efforts.values()).cells() if measured else nothing
    return {column: cells[column] for column in INGEST_COLUMNS}


def _rows_by_region(case: GivenCase, opinion: Opinion) -> list[Row]:
    about = {"case": case.case, "rater": cell(opinion.rater), "action": str(opinion.action)}
    return [{**about, "region": region, **effort.cells()} for region, effort in opinion.efforts.items()]
