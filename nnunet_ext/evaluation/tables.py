"""The tables that an evaluation leaves."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Final

import pandas as pd

from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.evaluation.case import RegionMetrics
from nnunet_ext.evaluation.dictionary import data_dictionary
from nnunet_ext.evaluation.preset import Preset
from nnunet_ext.evaluation.summary import summary_table

_COUNTS: Final = ("ref_count", "pred_count")


def metrics_table(rows: Iterable[RegionMetrics]) -> pd.DataFrame:
    """Put the metrics of all cases into one table, a row per case and region, missing values as NA."""
    columns = [field.name for field in fields(RegionMetrics)]
    table = pd.DataFrame([asdict(row) for row in rows], columns=columns)
    texts = ("case", "site", "region")
    kinds = {name: "object" if name in texts else "Int64" if name in _COUNTS else "Float64" for name in columns}
    return table.astype(kinds)


def write_tables(
    folder: Path, rows: Iterable[RegionMetrics], regions: Mapping[str, tuple[int, ...]], preset: Preset
) -> pd.DataFrame:
    """Write `metrics.tsv`, `summary.tsv` and the data dictionary `metrics.json`.

    Parameters
    ----------
    folder
        Where the three files go; made where it is missing.
    rows
        From `evaluate_case`, any number of cases, none included.
    regions, preset
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
    metrics = metrics_table(rows)
    summary = summary_table(metrics)
    write_text(folder / "metrics.tsv", tsv(metrics))
    write_text(folder / "summary.tsv", tsv(summary))
    write_json(folder / "metrics.json", data_dictionary(preset, regions))
    return summary


def tsv(table: pd.DataFrame) -> str:
    """Give a table as tab-separated text: every digit of a float, `n/a` where a value is missing."""
    return table.to_csv(sep="\t", index=False, na_rep="n/a", lineterminator="\n")
