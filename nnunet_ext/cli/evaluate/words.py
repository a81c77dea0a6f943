"""What `evaluate` says on the terminal."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from nnunet_ext.cli.evaluate.inputs import GatheredPairs
from nnunet_ext.evaluation.evaluate_pair import CaseResult, Status
from nnunet_ext.evaluation.summary import OVERALL_SITE

_METRICS: Final = {
    "dsc": "Dice",
    "nsd": "NSD",
    "hd95": "HD95 mm",
    "lesion_sensitivity": "lesion sens.",
    "lesion_ppv": "lesion prec.",
    "lesion_f1": "lesion F1",
    "lesion_free_kept_clean": "specificity",
    "localisation_rate": "localised",
}
_IN_LESION_CASES: Final = "dsc_in_lesion_cases"
_SHOWN: Final = 20


def in_words(out: Path, results: Sequence[CaseResult], summary: pd.DataFrame, gathered: GatheredPairs) -> str:
    """Give a compact table: for each site and region mean and spread, each with the cases that it rests on."""
    scoring = gathered.comparison.scoring
    scored = sum(any(region.status == Status.OK for region in result.regions) for result in results)
    head = (
        f"{out}: {scored} of {len(results)} cases scored; preset {scoring.preset.name}, NSD within "
        f"{scoring.tolerance_mm:g} mm; mean ± sd (cases in which it is defined / cases); lesion Dice: cases with one"
    )
    sites = [site for site in summary["site"].unique() if site != OVERALL_SITE and not site.startswith("(")]
    groups = [OVERALL_SITE, *(sites if len(sites) > 1 else [])]
    groups += [site for site in summary["site"].unique() if site.startswith("(") and site != OVERALL_SITE]
    rows = [row for group in groups for row in _rows(summary[summary["site"] == group], group)]
    lines = [["site", "region", *_METRICS.values()], *rows]
    used = [index for index in range(len(lines[0])) if index < 2 or any(row[index] != "–" for row in rows)]
    widths = {index: max(len(line[index]) for line in lines) for index in used}
    body = ("  ".join(line[index].ljust(widths[index]) for index in used).rstrip() for line in lines)
    return "\n".join([head, *body])


def refused_in_words(results: Sequence[CaseResult]) -> list[str]:
    """Name each case that could not be scored whole, with its reason; none where a class was not annotated."""
    refused = [
        f"{result.pair.case}: {'; '.join(dict.fromkeys(reasons))}"
        for result in results
        if (reasons := [r.reason for r in result.regions if r.status not in (Status.OK, Status.NOT_ANNOTATED)])
    ]
    if len(refused) <= _SHOWN:
        return refused
    return [*refused[:_SHOWN], f"and {len(refused) - _SHOWN} more cases; metrics.tsv has the reason of each"]


def answer(results: Sequence[CaseResult], summary: pd.DataFrame, gathered: GatheredPairs) -> dict[str, Any]:
    """Give the same for machines: counts, cases that were not scored, and the summary."""
    finite = summary.astype("object").where(summary.notna() & (summary != float("inf")), None)
    return {
        "preset": gathered.comparison.scoring.preset.name,
        "n_cases": len(results),
        "n_scored": sum(any(region.status == Status.OK for region in result.regions) for result in results),
        "not_scored": {result.pair.case: result.reason for result in results if result.status != Status.OK},
        "summary": finite.to_dict("records"),
    }


def _rows(group: pd.DataFrame, name: str) -> list[list[str]]:
    rows = []
    for region, of_region in group.groupby("region", sort=False):
        figures = {str(row["metric"]): row for row in of_region.to_dict("records")}
        figures["dsc"] = figures.get(_IN_LESION_CASES, figures["dsc"])
        cells = [_cell(figures[metric]) if metric in figures else "–" for metric in _METRICS]
        rows.append([name, str(region), *cells])
    return rows


def _cell(row: Mapping[Hashable, Any]) -> str:
    counts = f"({int(row['n_used'])}/{int(row['n_cases'])})"
    if not row["n_used"]:
        return f"n/a {counts}"
    spread = "" if pd.isna(row["sd"]) else f" ± {row['sd']:.2f}"
    return f"{row['mean']:.2f}{spread} {counts}"
