"""Every metric of one region of one case."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.centreline import centreline_metrics
from nnunet_ext.evaluation.empty_rules import EmptyValue
from nnunet_ext.evaluation.lcwa import lesion_count_weighted_by_assignment
from nnunet_ext.evaluation.lesions import LesionDefinition, find_lesions, meet
from nnunet_ext.evaluation.lesionwise import LesionDetection, detect_lesions
from nnunet_ext.evaluation.overlap import BoolArray, count_voxels
from nnunet_ext.evaluation.overlap_rules import VolumeRule
from nnunet_ext.evaluation.panoptic import panoptic_quality
from nnunet_ext.evaluation.preset import SCISEG2, Preset
from nnunet_ext.evaluation.rows import LesionRow, RegionMetrics
from nnunet_ext.evaluation.surface import Spacing, surface_metrics

CORD_REGION: Final = "sc"
"""The region whose centreline is scored. Every other region is scored lesion by lesion."""

TOLERANCE_MM: Final = 1.0
"""Default tolerance of the normalised surface distance."""

DETECTED_MM3: Final = 6.0
"""Smallest overlap of `lesions_detected_6mm3` (Lemay et al. 2021)."""

_FACES: Final = LesionDefinition(connectivity=6)
_CORNERS: Final = LesionDefinition(connectivity=26)


@dataclass(frozen=True)
class MetricGrid:
    """The grid of two masks, as far as the metrics need it.

    Parameters
    ----------
    spacing
        Of the array axes, in mm. None where it is not known: distances are then NaN.
    voxel_volume_mm3
        Volume of one voxel.
    slice_axis
        The array axis that runs along the body. None: no centreline is compared.
    """

    spacing: Spacing | None
    voxel_volume_mm3: float
    slice_axis: int | None = None


def grid_of(volume: Volume) -> MetricGrid:
    """Take what the metrics need from a volume's affine."""
    return MetricGrid(volume.spacing, volume.voxel_volume_mm3, upright_axis(volume.axes))


@dataclass(frozen=True)
class Scoring:
    """How masks are compared: the preset, and the tolerance of the normalised surface distance."""

    preset: Preset = SCISEG2
    tolerance_mm: float = TOLERANCE_MM


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
    voxels = count_voxels(reference, prediction)
    volume, empty = grid.voxel_volume_mm3, scoring.preset.empty

    def ruled(value: float, rule: EmptyValue) -> float:
        return rule.apply(value, reference=voxels.reference, prediction=voxels.prediction)

    surface = surface_metrics(reference, prediction, grid.spacing, scoring.tolerance_mm) if grid.spacing else None
    row = RegionMetrics(
        case=case,
        site=site,
        region=region,
        dsc=ruled(voxels.dice, empty.dsc),
        nsd=ruled(surface.nsd, empty.nsd) if surface else math.nan,
        assd=ruled(surface.assd, empty.distance) if surface else math.nan,
        hd95=ruled(surface.hd95, empty.distance) if surface else math.nan,
        rel_vol_error=ruled(voxels.relative_volume_error, empty.rel_vol_error),
        ref_volume_mm3=voxels.reference * volume,
        pred_volume_mm3=voxels.prediction * volume,
        abs_vol_error_mm3=abs(voxels.prediction - voxels.reference) * volume,
        precision=voxels.precision,
        sensitivity=voxels.sensitivity,
    )
    if region != CORD_REGION:
        lesions = detect_lesions(reference, prediction, volume, scoring.preset)
        row = _with_lesions(row, reference, prediction, volume, lesions)
        return row, _lesion_rows(case, region, lesions, volume)
    if grid.spacing is not None and grid.slice_axis is not None:
        course = centreline_metrics(reference, prediction, grid.spacing, grid.slice_axis)
        row = replace(row, centreline_error_mm=course.error_mm, localisation_rate=course.localisation_rate)
    return row, []


def _crop(reference: BoolArray, prediction: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Cut both masks to the box that holds all their voxels; no metric looks beyond it."""
    either = reference | prediction
    box = []
    for axis in range(either.ndim):
        others = tuple(other for other in range(either.ndim) if other != axis)
        filled = np.flatnonzero(either.any(axis=others))
        box.append(slice(int(filled[0]), int(filled[-1]) + 1) if len(filled) else slice(0, 1))
    return reference[tuple(box)], prediction[tuple(box)]


def _with_lesions(
    row: RegionMetrics, reference: BoolArray, prediction: BoolArray, volume: float, lesions: LesionDetection
) -> RegionMetrics:
    by_faces, by_corners = (
        meet(find_lesions(reference, volume, definition), find_lesions(prediction, volume, definition))
        for definition in (_FACES, _CORNERS)
    )
    quality = panoptic_quality(by_corners)
    detected = VolumeRule(DETECTED_MM3).judge(lesions.meetings, volume).credited
    return replace(
        row,
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
