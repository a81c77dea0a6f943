"""The metrics of many cases in a few rows, each mean with the number of cases that it rests on."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.evaluation.defined import NEEDS
from nnunet_ext.evaluation.metrics_dictionary import METRICS
from nnunet_ext.evaluation.region import CORD_REGION

OVERALL_SITE: Final = "(all)"
"""Stands in the column `site` where a row is about every site; in brackets, as a site could be called `all`."""

SUMMARY_COLUMNS: Final = ("site", "region", "metric", "n_cases", "n_used", "mean", "sd")
"""The columns that every reader of a summary may rely on, in this order."""

MORE_COLUMNS: Final = ("n_not_scored", "median", "iqr", "min", "max", "sum")
"""Those that follow."""


def summary_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Summarise `metrics.tsv` over all cases, then per site, then, where there are several, per contrast.

    Parameters
    ----------
    metrics
        As `metrics_table` gives it; a column `status` other than ``ok`` marks rows that were not scored.

    Returns
    -------
    DataFrame
        `SUMMARY_COLUMNS` and `MORE_COLUMNS`; one row for each metric of a region. `n_cases` are the cases that have the
        region, `n_used` those that the figures rest on: a ratio without a denominator (`NEEDS`) counts in no mean,
        whatever the preset gives it in `metrics.tsv`. For lesions also `dsc_in_lesion_cases` (Dice over the cases
        with a reference lesion: elsewhere an empty prediction scores 1). No case: no row.

    Raises
    ------
    DataRefusedError
        Where a site bears the name that is kept for the rows over all sites, or a case stands twice in the table.
    """
    if metrics["site"].str.startswith("(").any():
        names = ", ".join(sorted({site for site in metrics["site"] if site.startswith("(")}))
        raise DataRefusedError(f"no site may begin with a bracket, as the rows over several sites do; rename {names}")
    twice = metrics.loc[metrics.duplicated(["case", "region"]), "case"]
    if len(twice):
        raise DataRefusedError(f"a case must be scored once, found more rows for {', '.join(twice.unique()[:5])}")
    rows = [
        {"site": name, "region": str(region), "metric": metric, **_figures(group, values)}
        for name, members in _groups(metrics)
        for region, group in members.groupby("region", sort=False)
        for metric, values in _columns(str(region), group)
    ]
    table = pd.DataFrame(rows, columns=[*SUMMARY_COLUMNS, *MORE_COLUMNS])
    counts = {"n_cases", "n_used", "n_not_scored"}
    figures = set(table.columns) - {"site", "region", "metric"} - counts
    return table.astype({**dict.fromkeys(counts, "int64"), **dict.fromkeys(figures, "Float64")})


def _groups(metrics: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield OVERALL_SITE, metrics
    for site, rows in metrics.groupby("site", sort=True):
        yield str(site), rows
    if "contrast" in metrics and metrics["contrast"].nunique() > 1:
        for contrast, rows in metrics.groupby("contrast", sort=True):
            yield f"(contrast {contrast})", rows


def _figures(group: pd.DataFrame, values: "pd.Series[float]") -> dict[str, Any]:
    used = values.dropna().to_numpy("float64")  # pandas would take 2 ms for each row
    counts = {
        "n_cases": len(group),
        "n_used": len(used),
        "n_not_scored": int((group["status"] != "ok").sum()) if "status" in group else 0,
    }
    if not len(used):
        return {**counts, **dict.fromkeys(("mean", "sd", "median", "iqr", "min", "max", "sum"), pd.NA)}
    finite = np.isfinite(used).all()
    low, high = np.quantile(used, (0.25, 0.75)) if finite else (0, 0)
    with np.errstate(invalid="ignore"):  # distances may be infinite
        return {
            **counts,
            "mean": used.mean(),
            "sd": used.std(ddof=1) if finite and len(used) > 1 else pd.NA,
            "median": np.median(used),
            "iqr": high - low if finite else pd.NA,
            "min": used.min(),
            "max": used.max(),
            "sum": used.sum(),
        }


def _columns(region: str, group: pd.DataFrame) -> Iterator[tuple[str, "pd.Series[float]"]]:
    for metric in METRICS:
        if metric.applies(region):
            yield metric.column, _defined(metric.column, group)
    if region != CORD_REGION:
        has_lesion = (group["ref_count"] > 0).fillna(value=False).astype(bool)
        yield "dsc_in_lesion_cases", group.loc[has_lesion, "dsc"].astype("Float64")


def _defined(column: str, group: pd.DataFrame) -> "pd.Series[float]":
    values = group[column].astype("Float64")
    if column not in NEEDS:
        return values
    needed = np.fmax.reduce(group[list(NEEDS[column])].to_numpy("float64", na_value=np.nan), axis=1)
    return values.where(np.isnan(needed) | (needed > 0))
