"""Every metric of one region of one case."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.evaluation.centreline import CentrelineMetrics, centreline_metrics
from nnunet_ext.evaluation.empty_rules import EmptyValue
from nnunet_ext.evaluation.lcwa import lesion_count_weighted_by_assignment
from nnunet_ext.evaluation.lesions import LesionDefinition, find_lesions, meet
from nnunet_ext.evaluation.lesionwise import LesionDetection, detect_lesions
from nnunet_ext.evaluation.metric_grid import MetricGrid
from nnunet_ext.evaluation.overlap import BoolArray, count_voxels
from nnunet_ext.evaluation.panoptic import panoptic_quality
from nnunet_ext.evaluation.preset import SCISEG2, Preset
from nnunet_ext.evaluation.rows import LesionColumns, LesionRow, RegionMetrics
from nnunet_ext.evaluation.surface import SurfaceMetrics, surface_metrics

LESION_REGION: Final = "lesion"
"""The region of the target `cord-lesion` that is also scored lesion by lesion."""

CORD_REGION: Final = "sc"
"""The region whose centreline is scored. Every other region is scored lesion by lesion."""

TOLERANCE_MM: Final = 1.0
"""Default tolerance of the normalised surface distance."""

DETECTED_MM3: Final = 6.0
"""Smallest overlap of `lesions_detected_6mm3` (Lemay et al. 2021)."""

_FACES: Final = LesionDefinition(connectivity=6)
_CORNERS: Final = LesionDefinition(connectivity=26)
_ROUNDING: Final = 1 - 1e-6


@dataclass(frozen=True)
class Scoring:
    """How masks are compared.

    Parameters
    ----------
    preset
        What a lesion is, when it is found, what an empty mask is worth.
    tolerance_mm
        Of the normalised surface distance.
    """

    preset: Preset = SCISEG2
    tolerance_mm: float = TOLERANCE_MM


_NO_LESIONS: Final = LesionColumns(
    lesion_ppv=None, lesion_sensitivity=None, lesion_f1=None, lcwa=None, ref_count=None, pred_count=None,
    pq=None, sq=None, rq=None, lesions_detected_6mm3=None, detection_rate_6mm3=None, lesion_free_kept_clean=None,
)  # fmt: skip


def score_region(
    reference: BoolArray, prediction: BoolArray, grid: MetricGrid, scoring: Scoring, *, names: tuple[str, str, str]
) -> tuple[RegionMetrics, list[LesionRow]]:
    """Compute every metric of one region.

    Parameters
    ----------
    reference, prediction
        Masks of one shape (i, j, k), any axis order.
    grid
        Their spacing, in mm.
    scoring
        Preset and tolerance.
    names
        Case, site and region, as they shall stand in the table.

    Returns
    -------
    tuple
        The region's metrics, and a row for each lesion of either mask; none for the cord. Where a mask is empty,
        `Preset.empty` says what stands.
    """
    reference, prediction = _crop(reference, prediction)
    case, site, region = names
    of_lesions = region != CORD_REGION
    voxels = count_voxels(reference, prediction)
    there = {"has_reference": voxels.reference > 0, "has_prediction": voxels.prediction > 0}

    def ruled(value: float, rule: EmptyValue) -> float:
        given = rule.choose(**there)
        return value if given is None else given

    surface, empty = _surface(reference, prediction, grid, scoring.tolerance_mm), scoring.preset.empty
    centreline = _centreline(reference, prediction, grid, of_cord=not of_lesions)
    lesions = detect_lesions(reference, prediction, grid.voxel_volume_mm3, scoring.preset) if of_lesions else None
    volume = grid.voxel_volume_mm3
    row = RegionMetrics(
        case=case,
        site=site,
        region=region,
        dsc=ruled(voxels.dice, empty.dsc),
        nsd=ruled(surface.nsd, empty.nsd) if grid.spacing else math.nan,
        assd=ruled(surface.assd, empty.distance) if grid.spacing else math.nan,
        hd95=ruled(surface.hd95, empty.distance) if grid.spacing else math.nan,
        rel_vol_error=ruled(voxels.relative_volume_error, empty.rel_vol_error),
        **_lesion_columns(reference, prediction, volume, lesions),
        ref_volume_mm3=voxels.reference * volume,
        pred_volume_mm3=voxels.prediction * volume,
        abs_vol_error_mm3=abs(voxels.prediction - voxels.reference) * volume,
        precision=voxels.precision,
        sensitivity=voxels.sensitivity,
        centreline_error_mm=None if centreline is None else centreline.error_mm,
        localisation_rate=None if centreline is None else centreline.localisation_rate,
    )
    return row, [] if lesions is None else _lesion_rows(case, region, lesions, volume)


def _crop(reference: BoolArray, prediction: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Cut both masks to the box that holds all their voxels; no metric looks beyond it."""
    either = reference | prediction
    box = []
    for axis in range(either.ndim):
        others = tuple(other for other in range(either.ndim) if other != axis)
        filled = np.flatnonzero(either.any(axis=others))
        box.append(slice(int(filled[0]), int(filled[-1]) + 1) if len(filled) else slice(0, 1))
    return reference[tuple(box)], prediction[tuple(box)]


def _surface(reference: BoolArray, prediction: BoolArray, grid: MetricGrid, tolerance_mm: float) -> SurfaceMetrics:
    if grid.spacing is None:
        return SurfaceMetrics(math.nan, math.nan, math.nan)
    return surface_metrics(reference, prediction, grid.spacing, tolerance_mm)


def _centreline(
    reference: BoolArray, prediction: BoolArray, grid: MetricGrid, *, of_cord: bool
) -> CentrelineMetrics | None:
    if not of_cord or grid.spacing is None or grid.slice_axis is None:
        return None
    return centreline_metrics(reference, prediction, grid.spacing, grid.slice_axis)


def _lesion_columns(
    reference: BoolArray, prediction: BoolArray, volume: float, lesions: LesionDetection | None
) -> LesionColumns:
    if lesions is None:
        return _NO_LESIONS
    by_faces, by_corners = (
        meet(find_lesions(reference, volume, definition), find_lesions(prediction, volume, definition))
        for definition in (_FACES, _CORNERS)
    )
    quality = panoptic_quality(by_corners)
    detected = int(np.count_nonzero(lesions.meetings.covered * volume >= DETECTED_MM3 * _ROUNDING))
    return LesionColumns(
        lesion_ppv=lesions.ppv,
        lesion_sensitivity=lesions.sensitivity,
        lesion_f1=lesions.f1,
        lcwa=lesion_count_weighted_by_assignment(by_faces),
        ref_count=lesions.ref_count,
        pred_count=lesions.pred_count,
        pq=quality.pq,
        sq=quality.sq,
        rq=quality.rq,
        lesions_detected_6mm3=detected,
        detection_rate_6mm3=detected / lesions.ref_count if lesions.ref_count else None,
        lesion_free_kept_clean=None if lesions.ref_count else int(lesions.pred_count == 0),
    )


def _lesion_rows(case: str, region: str, lesions: LesionDetection, volume: float) -> list[LesionRow]:
    sides = (
        ("reference", lesions.meetings, lesions.verdict.found),
        ("prediction", lesions.meetings.transposed, ~lesions.verdict.false),
    )
    rows = []
    for side, meetings, matched in sides:
        sizes, covered = meetings.reference_sizes, meetings.covered
        best = np.zeros(len(sizes))
        np.maximum.at(best, meetings.reference, meetings.iou)
        rows += [
            LesionRow(case, region, side, number + 1, float(size * volume), int(matched[number]),
                      float(covered[number] / size), float(best[number]))
            for number, size in enumerate(sizes)
        ]  # fmt: skip
    return rows
