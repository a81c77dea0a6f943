"""The rows of the tables of an evaluation."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RegionMetrics:
    """One row of `metrics.tsv`: one region of one case. `None`, or NaN, where a metric does not apply.

    `nnunet_ext.evaluation.metrics_dictionary` says what each metric means.
    """

    case: str
    site: str
    region: str
    dsc: float
    nsd: float
    assd: float
    hd95: float
    rel_vol_error: float
    lesion_ppv: float | None = None
    lesion_sensitivity: float | None = None
    lesion_f1: float | None = None
    lcwa: float | None = None
    ref_count: int | None = None
    pred_count: int | None = None
    ref_volume_mm3: float
    pred_volume_mm3: float
    abs_vol_error_mm3: float
    precision: float
    sensitivity: float
    pq: float | None = None
    sq: float | None = None
    rq: float | None = None
    lesions_detected_6mm3: int | None = None
    detection_rate_6mm3: float | None = None
    lesion_free_kept_clean: int | None = None
    centreline_error_mm: float | None = None
    localisation_rate: float | None = None


@dataclass(frozen=True)
class LesionRow:
    """One row of `lesions.tsv`: one lesion of either mask.

    Parameters
    ----------
    case, region
        Where it is.
    side
        ``reference`` or ``prediction``.
    lesion
        Number within the side, from 1.
    volume_mm3
        Of the lesion.
    matched
        1 for a reference lesion that was found and a predicted one that is no false positive, by the preset's rule.
    overlap
        Share of it that lies in lesions of the other side.
    iou
        Largest intersection over union with a lesion of the other side; 0 where it meets none.
    """

    case: str
    region: str
    side: str
    lesion: int
    volume_mm3: float
    matched: int
    overlap: float
    iou: float
