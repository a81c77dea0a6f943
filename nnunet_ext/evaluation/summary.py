"""The metrics of many cases in a few rows, each mean with the number of cases that it rests on."""

from collections.abc import Iterator
from typing import Final

import pandas as pd

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.evaluation.case import LESION_REGION
from nnunet_ext.evaluation.dictionary import METRICS

OVERALL_SITE: Final = "(all)"
"""Stands in the column `site` where a row is about every site; in brackets, as a site could be called `all`."""

SUMMARY_COLUMNS: Final = ("site", "region", "metric", "n_cases", "n_used", "mean", "sd")


def summary_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Summarise `metrics.tsv` over all cases, then per site.

    Parameters
    ----------
    metrics
        As `metrics_table` gives it.

    Returns
    -------
    DataFrame
        Columns site, region, metric, n_cases, n_used, mean, sd; one row for each metric of a region. `n_cases` are
        the cases that have the region, `n_used` those that the mean rests on. For lesions also `dsc_in_lesion_cases`
        (Dice over the cases with a reference lesion: elsewhere an empty prediction scores 1) and
        `lesion_free_kept_clean` (share of the lesion-free cases in which nothing was predicted). No case: no row.

    Raises
    ------
    DataRefusedError
        Where a site bears the name that is kept for the rows over all sites, or a case stands twice in the table.
    """
    if (metrics["site"] == OVERALL_SITE).any():
        raise DataRefusedError(f"no site may be called {OVERALL_SITE!r}, the name of the rows over all; rename it")
    twice = metrics.loc[metrics.duplicated(["case", "region"]), "case"]
    if len(twice):
        raise DataRefusedError(f"a case must be scored once, found more rows for {', '.join(twice.unique()[:5])}")
    sites = [(OVERALL_SITE, metrics), *((str(site), rows) for site, rows in metrics.groupby("site", sort=True))]
    rows = [
        (site, str(region), metric, len(group), values.count(), values.mean(), values.std(ddof=1))
        for site, of_site in sites
        for region, group in of_site.groupby("region", sort=False)
        for metric, values in _columns(str(region), group)
    ]
    table = pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))
    return table.astype({"n_cases": "int64", "n_used": "int64", "mean": "Float64", "sd": "Float64"})


def _columns(region: str, group: pd.DataFrame) -> Iterator[tuple[str, "pd.Series[float]"]]:
    for metric in METRICS:
        if metric.regions in ("all", region):
            yield metric.column, group[metric.column].astype("Float64")
    if region == LESION_REGION:
        has_lesion = group["ref_count"] > 0
        yield "dsc_in_lesion_cases", group.loc[has_lesion, "dsc"].astype("Float64")
        yield "lesion_free_kept_clean", (group.loc[~has_lesion, "pred_count"] == 0).astype("Float64")
