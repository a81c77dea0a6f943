"""The tables that an evaluation leaves."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

import pandas as pd

from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.evaluation.metrics_dictionary import metrics_dictionary
from nnunet_ext.evaluation.preset import Preset
from nnunet_ext.evaluation.region import TOLERANCE_MM
from nnunet_ext.evaluation.rows import RegionMetrics
from nnunet_ext.evaluation.summary import summary_table

METRICS_FILES: Final = ("metrics.tsv", "summary.tsv", "metrics.json")
"""What `write_metrics` writes."""

_TEXTS: Final = frozenset({"case", "site", "region"})
_COUNTS: Final = frozenset({"ref_count", "pred_count", "lesions_detected_6mm3", "lesion_free_kept_clean"})


def metrics_table(rows: Iterable[RegionMetrics]) -> pd.DataFrame:
    """Put the metrics of all cases into one table, a row per case and region, missing values as NA."""
    return typed(pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(RegionMetrics)]))


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of metrics their types; other columns are texts."""
    metrics = {field.name for field in fields(RegionMetrics)} - _TEXTS
    kinds = {name: "Int64" if name in _COUNTS else "Float64" if name in metrics else "object" for name in table.columns}
    return table.astype(kinds)


def write_scores(
    folder: Path,
    rows: Iterable[RegionMetrics],
    regions: Mapping[str, tuple[int, ...]],
    preset: Preset,
    tolerance_mm: float = TOLERANCE_MM,
) -> pd.DataFrame:
    """Write `metrics.tsv`, `summary.tsv` and the data dictionary `metrics.json`.

    Parameters
    ----------
    folder
        Where the three files go; made where it is missing.
    rows
        From `evaluate_case`, any number of cases, none included.
    regions, preset, tolerance_mm
        As they were scored.

    Returns
    -------
    DataFrame
        The summary.

    Raises
    ------
    DataRefusedError
        See `summary_table`.
    """
    return write_metrics(folder, metrics_table(rows), metrics_dictionary(preset, regions, tolerance_mm))


def write_metrics(folder: Path, metrics: pd.DataFrame, dictionary: Mapping[str, Any]) -> pd.DataFrame:
    """Write a table of metrics, its summary and its dictionary; gives the summary."""
    summary = summary_table(metrics)
    for name, text in zip(METRICS_FILES, (tsv(metrics), tsv(summary)), strict=False):
        write_text(folder / name, text)
    write_json(folder / METRICS_FILES[-1], dictionary)
    return summary


def tsv(table: pd.DataFrame) -> str:
    """Give a table as tab-separated text: every digit of a float, `n/a` where a value is missing."""
    return table.to_csv(sep="\t", index=False, na_rep="n/a", lineterminator="\n")
