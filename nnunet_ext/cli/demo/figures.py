"""The figures that the demo must reach, measured."""

from typing import Final

import pandas as pd

from nnunet_ext.evaluation.summary import OVERALL_SITE
from nnunet_ext.report.content import Headline

CORD_DICE: Final = 0.90
LESION_DICE: Final = 0.60
MINUTES: Final = 12
MEMORY_GIB: Final = 6


def headlines(summary: pd.DataFrame, seconds: float, peak_bytes: int) -> list[Headline]:
    """Put the run's figures beside what they should be.

    Parameters
    ----------
    summary
        Of the evaluation.
    seconds
        Of all steps, those done before an interruption included.
    peak_bytes
        Memory of all processes together; 0 where the system does not tell.
    """
    return [
        _mean(summary, "sc", "dsc", "Cord Dice", CORD_DICE),
        _mean(summary, "lesion", "dsc_in_lesion_cases", "Lesion Dice", LESION_DICE),
        Headline("Minutes", seconds / 60, note=f"of all steps; at most {MINUTES} wanted on 2 cores"),
        Headline(
            "Memory, GiB", peak_bytes / 1024**3 if peak_bytes else None, note=f"peak; at most {MEMORY_GIB} wanted"
        ),
    ]


def _mean(summary: pd.DataFrame, region: str, metric: str, label: str, target: float) -> Headline:
    chosen = (summary["site"] == OVERALL_SITE) & (summary["region"] == region) & (summary["metric"] == metric)
    rows = summary[chosen]
    if rows.empty or not int(rows["n_used"].iloc[0]):
        return Headline(label, None, target, "no held-out case has one")
    return Headline(label, float(rows["mean"].iloc[0]), target, f"mean of {int(rows['n_used'].iloc[0])} held-out cases")
