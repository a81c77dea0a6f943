"""The figures that cases can be sorted by, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.review.case_view import CaseView

_MAJOR: Final = (
    "dsc", "nsd", "hd95", "rel_vol_error", "lesion_f1", "lesion_sensitivity", "lesion_ppv", "ref_count", "pred_count",
    "uncertainty",
)  # fmt: skip
_ONLY_LESIONS: Final = frozenset({"ref_count", "pred_count"})
_OF_CASES: Final = ("n_lesions", "total_volume_mm3", "total_length_mm", "max_axial_damage_ratio")
_LOWER_IS_BETTER: Final = ("hd95", "assd", "centreline_error_mm", "uncertainty", "abs_vol_error_mm3")
_SHORT: Final[Mapping[str, str]] = {
    "dsc": "Dice",
    "nsd": "NSD",
    "hd95": "HD95, mm",
    "assd": "ASSD, mm",
    "rel_vol_error": "volume error, %",
    "lesion_f1": "F1",
    "lesion_sensitivity": "sensitivity",
    "lesion_ppv": "precision",
    "ref_count": "lesions in reference",
    "pred_count": "lesions predicted",
    "ref_volume_mm3": "reference, mm³",
    "pred_volume_mm3": "prediction, mm³",
    "abs_vol_error_mm3": "absolute volume error, mm³",
    "n_lesions": "Lesions measured",
    "total_volume_mm3": "Lesion volume, mm³",
    "total_length_mm": "Lesion length, mm",
    "max_axial_damage_ratio": "Axial damage ratio",
}


@dataclass(frozen=True)
class ReviewColumn:
    """A figure of the cases.

    Parameters
    ----------
    key
        In `CaseView.values`: `lesion dsc` of a metric, or a column's name.
    title, hint
        In words, and what a reader must know.
    digits
        Behind the point.
    descending
        Whether the worst is the highest.
    major
        Whether it is shown without being asked for.
    """

    key: str
    title: str
    hint: str
    digits: int
    descending: bool
    major: bool


def columns_of(cases: Sequence[CaseView], definitions: Mapping[str, Mapping[str, str]]) -> tuple[ReviewColumn, ...]:
    """List the figures that at least one case has, those that matter most first."""
    keys = list(dict.fromkeys(key for case in cases for key, value in case.values.items() if value is not None))
    columns = [_column(key, cases, definitions) for key in keys]
    return tuple(sorted(columns, key=lambda column: (not column.major, _rank(column.key))))


def metric_title(column: str, definitions: Mapping[str, Mapping[str, str]]) -> str:
    """Call a column of `metrics.tsv` as the pages do."""
    return _SHORT.get(column) or definitions.get(column, {}).get("name", column.replace("_", " "))


def _column(key: str, cases: Sequence[CaseView], definitions: Mapping[str, Mapping[str, str]]) -> ReviewColumn:
    region, _, metric = key.rpartition(" ")
    entry = definitions.get(metric, {})
    title = metric_title(metric, definitions)
    if region and metric not in _ONLY_LESIONS:
        title = f"{region_name(region)} {title}"
    values = [value for case in cases if (value := case.values.get(key)) is not None]
    whole = all(value == int(value) for value in values)
    major = metric in _MAJOR and (region != "sc" or metric in ("dsc", "nsd", "hd95")) if region else metric in _OF_CASES
    better = entry.get("better", "")
    lower = metric in _LOWER_IS_BETTER or better.startswith("lower") or "uncertain" in metric
    return ReviewColumn(
        key,
        title[:1].upper() + title[1:],
        entry.get("formula", ""),
        0
        if whole and (metric.endswith("count") or metric.startswith("n_") or max(values, default=0) > 1)
        else _digits(values),
        lower or metric in ("pred_count", "ref_count", *_OF_CASES) or metric.endswith(("mm3", "mm")),
        major,
    )


def _digits(values: Sequence[float]) -> int:
    largest = max(map(abs, values), default=0)
    return 3 if largest <= 1 else 1 if largest < 1000 else 0


def _rank(key: str) -> tuple[int, int, str]:
    region, _, metric = key.rpartition(" ")
    place = _MAJOR.index(metric) if metric in _MAJOR else len(_MAJOR)
    return (0 if region == "lesion" else 1 if region else 2), place, key
