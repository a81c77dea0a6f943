"""Reading and scoring one case."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.evaluation.pairs import CasePair
from nnunet_ext.evaluation.read_side import Side, read_side
from nnunet_ext.evaluation.region import Scoring, grid_of, score_region
from nnunet_ext.evaluation.rows import LesionRow, RegionMetrics

_AS_EMPTY: Final = "no prediction: scored as an empty one"


class Status(StrEnum):
    """What became of a region of a case."""

    OK = "ok"
    REFUSED = "refused"
    NO_REFERENCE = "missing reference"
    NO_PREDICTION = "missing prediction"
    NOT_ANNOTATED = "not annotated"


@dataclass(frozen=True)
class Comparison:
    """What all cases share.

    Parameters
    ----------
    regions
        To be scored, in order.
    reference, prediction
        What the label values of either side mean.
    scoring
        Preset and tolerance.
    threshold
        Soft masks are cut above it; None refuses them.
    missing_as_empty
        Whether a missing prediction is scored as an empty one.
    """

    regions: tuple[str, ...]
    reference: Labelling
    prediction: Labelling
    scoring: Scoring = field(default_factory=Scoring)
    threshold: float | None = None
    missing_as_empty: bool = False


@dataclass(frozen=True)
class RegionResult:
    """One region of one case, scored or not."""

    region: str
    status: Status
    reason: str = ""
    metrics: RegionMetrics | None = None


@dataclass(frozen=True)
class CaseResult:
    """One case, with a result for every region.

    Parameters
    ----------
    pair
        The case.
    regions
        In the order of the comparison.
    lesions
        Of both sides.
    notes
        What reading had to repair or choose.
    """

    pair: CasePair
    regions: tuple[RegionResult, ...]
    lesions: tuple[LesionRow, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """Of the case: that of its regions where it is the same, else the first that is not ``ok``."""
        return next((result.status for result in self.regions if result.status != Status.OK), Status.OK)

    @property
    def reason(self) -> str:
        """Why not every region was scored; empty where all were."""
        return "; ".join(dict.fromkeys(result.reason for result in self.regions if result.reason))


def evaluate_pair(pair: CasePair, comparison: Comparison) -> CaseResult:
    """Read and score a case; what is refused is a result too, so that every case has its rows."""
    if pair.reference is None:
        return _unscored(pair, comparison, Status.NO_REFERENCE, "there is a prediction and no reference")
    if pair.prediction is None and not comparison.missing_as_empty:
        return _unscored(pair, comparison, Status.NO_PREDICTION, "there is a reference and no prediction")
    threshold = comparison.threshold
    try:
        reference = read_side(pair.reference, comparison.reference, role="reference", grid=None, threshold=threshold)
        prediction = (
            Side(reference.grid, {}, notes=(_AS_EMPTY,))
            if pair.prediction is None
            else read_side(
                pair.prediction, comparison.prediction, role="prediction", grid=reference.grid, threshold=threshold
            )
        )
    except DataRefusedError as error:
        return _unscored(pair, comparison, Status.REFUSED, str(error))
    lesions: list[LesionRow] = []
    results = tuple(_score(region, pair, comparison, (reference, prediction), lesions) for region in comparison.regions)
    said = dict.fromkeys((*reference.notes, *prediction.notes))
    guessed = (pair.ignored_note,) if pair.ignored_note and reference.ignored is not None else ()
    notes = (*pair.notes, *said, *guessed)
    return CaseResult(pair, results, tuple(lesions), notes)


def _unscored(pair: CasePair, comparison: Comparison, status: Status, reason: str) -> CaseResult:
    return CaseResult(
        pair, tuple(RegionResult(region, status, reason) for region in comparison.regions), notes=pair.notes
    )


def _score(
    region: str, pair: CasePair, comparison: Comparison, sides: tuple[Side, Side], lesions: list[LesionRow]
) -> RegionResult:
    reference, prediction = sides
    if region not in reference.masks:
        return RegionResult(region, Status.NO_REFERENCE, f"no reference mask of {region}")
    if region not in prediction.masks and not comparison.missing_as_empty:
        return RegionResult(region, Status.NO_PREDICTION, f"no predicted mask of {region}")
    wanted = reference.masks[region]
    found = prediction.masks.get(region, np.zeros_like(wanted))
    reason = "" if region in prediction.masks else _AS_EMPTY
    if reference.ignored is not None:
        values = frozenset(comparison.reference.values[region])
        may_be = comparison.reference.every_value if pair.ignored_may_be is None else pair.ignored_may_be
        if may_be <= values:
            wanted = wanted | reference.ignored
        elif may_be & values:
            if not (reference.labels_there or frozenset()) & may_be:
                return RegionResult(region, Status.NOT_ANNOTATED, f"nobody annotated {region} in the reference")
            told = f"{np.count_nonzero(reference.ignored)} voxels that nobody annotated were left out of both masks"
            wanted, found = wanted & ~reference.ignored, found & ~reference.ignored
            reason = "; ".join(filter(None, [reason, told]))
    names = (pair.case, pair.about.site, region)
    metrics, rows = score_region(wanted, found, grid_of(reference.grid), comparison.scoring, names=names)
    lesions += rows
    return RegionResult(region, Status.OK, reason, metrics)
