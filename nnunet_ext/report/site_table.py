"""The summary as a reader wants it: a row a site, each mean with the cases that it rests on."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from nnunet_ext.evaluation.summary import OVERALL_SITE
from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.table import Table

_TITLES: Final[Mapping[str, str]] = {
    "dsc": "{region} Dice",
    "dsc_in_lesion_cases": "{region} Dice, cases with a lesion",
    "lesion_sensitivity": "Lesion sensitivity",
    "lesion_ppv": "Lesion precision",
    "lesion_f1": "Lesion F1",
    "rel_vol_error": "{region} volume error, %",
    "lesion_free_kept_clean": "Lesion-free cases kept clean",
}
_PERCENT: Final = frozenset({"rel_vol_error"})
_SHARES: Final = frozenset({"lesion_free_kept_clean"})


def site_table(summary: pd.DataFrame) -> Table:
    """Turn a summary into one row for each site.

    Parameters
    ----------
    summary
        As `nnunet_ext.evaluation.summary.summary_table` gives it.

    Returns
    -------
    Table
        Cells are `mean ± standard deviation`, followed by the number of cases that the mean rests on where it is not
        the site's, or `k of n` for shares. Where the metric is defined in no case of the site the cell is `n/a (0)`; a
        dash stands for a region that the site has not.
        For lesions the Dice stands over the cases that have one, as a rightly empty prediction counts 1 in the plain
        mean.
    """
    wanted = [(region, metric) for region in summary["region"].unique() for metric in _metrics_of(summary, region)]
    titles = (_TITLES[metric].format(region=region_name(region)) for region, metric in wanted)
    rows = []
    for site, group in summary.groupby("site", sort=False):
        by_metric = group.set_index(["region", "metric"])
        cells = tuple(_cell(by_metric.loc[key], key[1]) if key in by_metric.index else "–" for key in wanted)
        rows.append((_name(str(site)), str(int(group["n_cases"].max())), *cells))
    return Table(("Site", "Cases", *(title[:1].upper() + title[1:] for title in titles)), tuple(rows))


def _name(site: str) -> str:
    if site == OVERALL_SITE:
        return "All sites"
    return "C" + site.strip("()")[1:] if site.startswith("(c") else site  # `(contrast T2w)` is no site


def _metrics_of(summary: pd.DataFrame, region: str) -> list[str]:
    there = set(summary.loc[summary["region"] == region, "metric"])
    plain = "dsc_in_lesion_cases" not in there
    return [metric for metric in _TITLES if metric in there and (plain or metric != "dsc")]


def _cell(row: "pd.Series[float]", metric: str) -> str:
    used, cases = int(row["n_used"]), int(row["n_cases"])
    rests_on = "" if used == cases else f" ({used})"
    if used == 0:
        return f"n/a{rests_on}"
    if metric in _SHARES:
        return f"{round(row['mean'] * used)} of {used}"
    digits = 0 if metric in _PERCENT else 2
    spread = "" if pd.isna(row["sd"]) else f" ± {row['sd']:.{digits}f}"
    mean = round(row["mean"], digits) + 0.0  # never -0
    return f"{mean:.{digits}f}{spread}{rests_on}"
