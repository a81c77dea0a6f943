"""What each column of the metric tables means."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from nnunet_ext import __version__
from nnunet_ext.evaluation.preset import SCISEG2, Preset
from nnunet_ext.evaluation.region import CORD_REGION, TOLERANCE_MM


@dataclass(frozen=True)
class MetricDefinition:
    """One metric in words: what is computed, its unit, which way is better, and what an empty mask gives.

    `regions` is ``all``, ``cord``, or ``lesion`` for every region but the cord.
    """

    column: str
    name: str
    formula: str
    unit: str
    better: str
    empty_masks: str
    regions: str = "all"
    source: str = ""

    def applies(self, region: str) -> bool:
        """Tell whether the metric stands for a region."""
        return self.regions in ("all", "cord" if region == CORD_REGION else "lesion")


_HIGHER: Final = "higher, at most 1"
_LOWER: Final = "lower, at least 0"
_CLOSER: Final = "closer to 0"
_NEITHER: Final = "neither"
_RELOADED: Final = "MetricsReloaded (Maier-Hein et al. 2024)"
_LESIONS: Final = "MetricsReloaded's fork of SCIsegV2; what TP, FN and FP are is the preset's"


def metric_definitions(preset: Preset, tolerance_mm: float = TOLERANCE_MM) -> tuple[MetricDefinition, ...]:
    """Describe every metric under a preset, in the order of the columns of `metrics.tsv`."""
    empty, metric = preset.empty.words, MetricDefinition
    return (
        metric("dsc", "Dice", "2 |R ∩ P| / (|R| + |P|)", "1", _HIGHER, empty["dsc"], source=f"Dice 1945; {_RELOADED}"),
        metric(
            "nsd", "Normalised surface distance",
            f"border voxels of R and P within {tolerance_mm:g} mm of the other border / all border voxels", "1",
            _HIGHER, empty["nsd"],
            source=f"Nikolov et al. 2021, JMIR 23:e26151; {_RELOADED}. SCIsegV2 took 1 voxel, not mm",
        ),
        metric(
            "assd", "Average symmetric surface distance",
            "(Σ d(border of R, border of P) + Σ d(border of P, border of R)) / all border voxels", "mm", _LOWER,
            empty["distance"], source=_RELOADED,
        ),
        metric(
            "hd95", "95th-percentile surface distance",
            "max of the 95th percentiles of d(border of R, border of P) and d(border of P, border of R)", "mm", _LOWER,
            empty["distance"], source=_RELOADED,
        ),
        metric(
            "rel_vol_error", "Relative volume error", "100 (|P| − |R|) / |R|", "%", _CLOSER, empty["rel_vol_error"],
            source=_LESIONS.split(";", maxsplit=1)[0],
        ),
        *_lesion_definitions(preset),
        metric("ref_volume_mm3", "Volume of the reference", "|R| × voxel volume", "mm3", _NEITHER, "0"),
        metric("pred_volume_mm3", "Volume of the prediction", "|P| × voxel volume", "mm3", _NEITHER, "0"),
        metric("abs_vol_error_mm3", "Absolute volume error", "| |P| − |R| | × voxel volume", "mm3", _LOWER,
               "both empty 0; one empty the other's volume"),
        metric("precision", "Voxel-wise precision", "|R ∩ P| / |P|", "1", _HIGHER,
               "prediction empty n/a; reference alone empty 0", source=_RELOADED),
        metric("sensitivity", "Voxel-wise sensitivity", "|R ∩ P| / |R|", "1", _HIGHER,
               "reference empty n/a; prediction alone empty 0", source=_RELOADED),
        *_fixed_lesion_definitions(),
        metric("centreline_error_mm", "Centreline error",
               "mean over axial slices with both cords of the distance of their centres of mass in the slice", "mm",
               _LOWER, "any mask empty n/a", "cord", "Gros et al. 2019, NeuroImage 184:901-915"),
        metric("localisation_rate", "Localisation rate",
               "axial slices whose predicted centre lies in R / axial slices of R", "1", _HIGHER,
               "reference empty n/a; prediction empty 0", "cord", "Gros et al. 2019, NeuroImage 184:901-915"),
    )  # fmt: skip


def _lesion_definitions(preset: Preset) -> tuple[MetricDefinition, ...]:
    empty, metric = preset.empty.words, MetricDefinition
    return (
        metric("lesion_ppv", "Lesion-wise positive predictive value", "TP / (TP + FP)", "1", _HIGHER,
               f"{empty['lesion_ppv']}; lesions in both and neither TP nor FP 1", "lesion", _LESIONS),
        metric("lesion_sensitivity", "Lesion-wise sensitivity", "TP / (TP + FN)", "1", _HIGHER,
               empty["lesion_sensitivity"], "lesion", _LESIONS),
        metric("lesion_f1", "Lesion-wise F1", "harmonic mean of lesion_sensitivity and lesion_ppv", "1", _HIGHER,
               empty["lesion_f1"], "lesion", _LESIONS),
        metric("lcwa", "Lesion count weighted by assignment",
               "Σ |r ∩ p| / |p| over the one-to-one matching of lesions r, p that makes it largest / lesions of R; "
               "lesions by face neighbours, of any size, under every preset", "1", _HIGHER,
               "no component of any size in R n/a; none in P alone 0", "lesion",
               "MetricsReloaded's fork of SCIsegV2, after ATLAS"),
        metric("ref_count", "Lesions in the reference", "lesions of R", "lesions", _NEITHER, "0", "lesion"),
        metric("pred_count", "Lesions in the prediction", "lesions of P", "lesions", _NEITHER, "0", "lesion"),
    )  # fmt: skip


def _fixed_lesion_definitions() -> tuple[MetricDefinition, ...]:
    metric, source = MetricDefinition, "Kirillov et al. 2019; panoptica"
    pairs = "lesions of 26 neighbours paired one to one by IoU of at least 0.5, under every preset"
    return (
        metric("pq", "Panoptic quality", f"rq × sq; {pairs}", "1", _HIGHER, "both empty n/a; one empty 0", "lesion",
               source),
        metric("sq", "Segmentation quality", f"mean IoU of the pairs; {pairs}", "1", _HIGHER,
               "both empty n/a; no pair 0", "lesion", source),
        metric("rq", "Recognition quality", f"pairs / (pairs + (unpaired of R + unpaired of P) / 2); {pairs}", "1",
               _HIGHER, "both empty n/a; one empty 0", "lesion", source),
        metric("lesions_detected_6mm3", "Lesions detected by volume",
               "lesions of R of which at least 6 mm3 are predicted; smaller ones cannot be", "lesions", _NEITHER, "0",
               "lesion", "Lemay et al. 2021, NeuroImage: Clinical 31:102766"),
        metric("detection_rate_6mm3", "Detection rate by volume", "lesions_detected_6mm3 / ref_count", "1", _HIGHER,
               "no lesion in R n/a", "lesion",
               "Lemay et al. 2021, NeuroImage: Clinical 31:102766"),
        metric("lesion_free_kept_clean", "Lesion-free cases kept clean",
               "1 where neither R nor P holds a lesion, 0 where only P does; its mean is the volume-wise specificity",
               "1", _HIGHER, "n/a where R holds a lesion", "lesion", "Gros et al. 2019, NeuroImage 184:901-915"),
    )  # fmt: skip


METRICS: Final = metric_definitions(SCISEG2)
"""Every metric under the default preset, in the order of the columns of `metrics.tsv`."""

SUMMARY_METRICS: Final = (
    MetricDefinition("dsc_in_lesion_cases", "Dice over the cases that have a lesion",
                     "mean of dsc over the cases with ref_count > 0", "1", _HIGHER, "n/a where no case has a lesion",
                     "lesion"),
)  # fmt: skip
"""What `summary.tsv` holds beyond the metrics themselves."""


def metrics_dictionary(
    preset: Preset, regions: Mapping[str, tuple[int, ...]], tolerance_mm: float = TOLERANCE_MM
) -> dict[str, Any]:
    """Describe `metrics.tsv` and `summary.tsv`, ready for JSON.

    Parameters
    ----------
    preset
        The one that the metrics were computed with.
    regions
        Name to label values, as they were scored.
    tolerance_mm
        Of `nsd`.

    Returns
    -------
    dict
        Tool and version, preset with its parameters, regions, symbols, and a definition for each metric.
    """
    return {
        "tool": "nnunet_ext",
        "version": __version__,
        "preset": preset.content(),
        "tolerance_mm": tolerance_mm,
        "regions": {name: list(values) for name, values in regions.items()},
        "symbols": symbols(preset),
        "metrics": {metric.column: _entry(metric) for metric in metric_definitions(preset, tolerance_mm)},
        "summary": {**_SUMMARY_COLUMNS, "metrics": {metric.column: _entry(metric) for metric in SUMMARY_METRICS}},
    }


def symbols(preset: Preset) -> dict[str, str]:
    """Say what the letters of the formulas stand for under `preset`."""
    definition = preset.lesion
    size = "of any size"
    if definition.smallest_mm3:
        size = f"{'of more than' if definition.larger_only else 'of at least'} {definition.smallest_mm3:g} mm3"
    elif definition.smallest_voxels > 1:
        size = f"of at least {definition.smallest_voxels} voxels"
    return {
        "R": "voxels of the reference region",
        "P": "voxels of the predicted region",
        "lesion": f"component of {definition.connectivity}-connected voxels, {size}",
        **preset.rule.words,
    }


_SUMMARY_COLUMNS: Final = {
    "site": "a site, (all) for every case, or (contrast NAME) for the cases of one contrast",
    "n_cases": "cases of the group that have a row for the region, whether they could be scored or not",
    "n_used": "cases that the figures rest on: those with a value, without those in which a ratio has no denominator "
    "(lesion_sensitivity: no lesion in R; lesion_ppv: none in P; lesion_f1: none in either; rel_vol_error: R empty), "
    "where metrics.tsv holds the preset's value",
    "n_not_scored": "cases of the group that were refused, or lack a mask; metrics.tsv has the reason of each",
    "mean": "arithmetic mean of the n_used cases' own values, not pooled over their lesions; n/a where n_used is 0",
    "sd": "sample standard deviation (n - 1) over n_used cases; n/a below two",
    "median": "over n_used cases",
    "iqr": "third minus first quartile, by linear interpolation",
    "min": "smallest value",
    "max": "largest value",
    "sum": "sum over n_used cases; of counts, from which pooled rates follow",
}


def _entry(metric: MetricDefinition) -> dict[str, str]:
    return {key: value for key, value in asdict(metric).items() if key != "column"}
