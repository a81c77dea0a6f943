"""What each column of the metric tables means."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from nnunet_ext import __version__
from nnunet_ext.evaluation.preset import Preset


@dataclass(frozen=True)
class MetricDefinition:
    """One metric in words: what is computed, its unit, which way is better, and what an empty mask gives."""

    column: str
    name: str
    formula: str
    unit: str
    better: str
    empty_masks: str
    regions: str = "all"


METRICS: Final = (
    MetricDefinition(
        column="dsc",
        name="Dice",
        formula="2 |R ∩ P| / (|R| + |P|)",
        unit="1",
        better="higher, at most 1",
        empty_masks="both empty 1; one empty 0",
    ),
    MetricDefinition(
        column="rel_vol_error",
        name="Relative volume error",
        formula="100 (|P| − |R|) / |R|",
        unit="%",
        better="closer to 0",
        empty_masks="both empty 0; reference empty +100; prediction empty −100",
    ),
    MetricDefinition(
        column="lesion_ppv",
        name="Lesion-wise positive predictive value",
        formula="TP / (TP + FP)",
        unit="1",
        better="higher, at most 1",
        empty_masks="both empty 1; one empty 0; neither TP nor FP 1",
        regions="lesion",
    ),
    MetricDefinition(
        column="lesion_sensitivity",
        name="Lesion-wise sensitivity",
        formula="TP / (TP + FN)",
        unit="1",
        better="higher, at most 1",
        empty_masks="reference empty 1; prediction empty 0",
        regions="lesion",
    ),
    MetricDefinition(
        column="lesion_f1",
        name="Lesion-wise F1",
        formula="TP / (TP + (FP + FN) / 2)",
        unit="1",
        better="higher, at most 1",
        empty_masks="both empty 1; one empty 0",
        regions="lesion",
    ),
    MetricDefinition(
        column="ref_count",
        name="Lesions in the reference",
        formula="connected components of R",
        unit="lesions",
        better="neither",
        empty_masks="0",
        regions="lesion",
    ),
    MetricDefinition(
        column="pred_count",
        name="Lesions in the prediction",
        formula="connected components of P",
        unit="lesions",
        better="neither",
        empty_masks="0",
        regions="lesion",
    ),
    MetricDefinition(
        column="ref_volume_mm3",
        name="Volume of the reference",
        formula="|R| × voxel volume",
        unit="mm3",
        better="neither",
        empty_masks="0",
    ),
    MetricDefinition(
        column="pred_volume_mm3",
        name="Volume of the prediction",
        formula="|P| × voxel volume",
        unit="mm3",
        better="neither",
        empty_masks="0",
    ),
)
"""Every metric, in the order of the columns of `metrics.tsv`."""

SUMMARY_METRICS: Final = (
    MetricDefinition(
        column="dsc_in_lesion_cases",
        name="Dice over the cases that have a lesion",
        formula="mean of dsc over the cases with ref_count > 0",
        unit="1",
        better="higher, at most 1",
        empty_masks="n/a where no case has a lesion",
        regions="lesion",
    ),
    MetricDefinition(
        column="lesion_free_kept_clean",
        name="Lesion-free cases kept clean",
        formula="cases with ref_count = 0 and pred_count = 0 / cases with ref_count = 0",
        unit="1",
        better="higher, at most 1",
        empty_masks="n/a where every case has a lesion",
        regions="lesion",
    ),
)
"""What `summary.tsv` holds beyond the means of the metrics."""


def data_dictionary(preset: Preset, regions: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Describe `metrics.tsv` and `summary.tsv`, ready for JSON.

    Parameters
    ----------
    preset
        The one that the metrics were computed with.
    regions
        Name to label values, as they were scored.

    Returns
    -------
    dict
        Tool and version, preset with its parameters, regions, symbols, and a definition for each metric.
    """
    return {
        "tool": "nnunet_ext",
        "version": __version__,
        "preset": asdict(preset),
        "regions": {name: list(values) for name, values in regions.items()},
        "symbols": symbols(preset),
        "metrics": {metric.column: _entry(metric) for metric in METRICS},
        "summary": {
            "n_cases": "cases of the site that have the region",
            "n_used": "cases that the mean and the standard deviation rest on",
            "mean": "arithmetic mean over n_used cases",
            "sd": "sample standard deviation (n - 1) over n_used cases; n/a below two",
            "metrics": {metric.column: _entry(metric) for metric in SUMMARY_METRICS},
        },
    }


def symbols(preset: Preset) -> dict[str, str]:
    """Say what the letters of the formulas stand for under `preset`."""
    size = f"at least {preset.smallest_lesion_mm3:g} mm3" if preset.smallest_lesion_mm3 else "of any size"
    return {
        "R": "voxels of the reference region",
        "P": "voxels of the predicted region",
        "lesion": f"component of {preset.connectivity}-connected voxels, {size}",
        "TP": f"reference lesions of which at least {preset.overlap:.0%} of the voxels are predicted",
        "FN": "the other reference lesions",
        "FP": "predicted lesions without a voxel in any reference lesion",
    }


def _entry(metric: MetricDefinition) -> dict[str, str]:
    return {key: value for key, value in asdict(metric).items() if key != "column"}
