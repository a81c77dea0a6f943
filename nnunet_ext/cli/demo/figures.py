"""The figures that the demo must reach, measured."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from nnunet_ext.evaluation.case import RegionMetrics
from nnunet_ext.evaluation.summary import OVERALL_SITE, summary_table
from nnunet_ext.evaluation.tables import metrics_table
from nnunet_ext.report.content import Headline

CORD_DICE: Final = 0.90
LESION_DICE: Final = 0.60
MINUTES: Final = 12
MEMORY_GIB: Final = 6


def headlines(
    synthetic: Sequence[RegionMetrics], own: Sequence[RegionMetrics], seconds: float, peak_bytes: int
) -> list[Headline]:
    """Put the run's figures beside what they should be.

    Parameters
    ----------
    synthetic, own
        Metrics of the held-out synthetic patients, and of the user's images. A target stands over the first only: a
        few minutes of training on synthetic T2w images promise nothing for real ones.
    seconds
        Of all steps, those done before an interruption included.
    peak_bytes
        Memory of all processes together; 0 where the system does not tell.
    """
    found = [*_dice(synthetic, "", CORD_DICE, LESION_DICE)]
    if own:
        found += _dice(own, ", your images", None, None)
    memory = peak_bytes / 1024**3 if peak_bytes else None
    return [
        *found,
        Headline("Minutes", seconds / 60, note=f"of all steps; at most {MINUTES} wanted on 2 cores"),
        Headline("Memory, GiB", memory, note=f"peak; at most {MEMORY_GIB} wanted"),
    ]


def _dice(
    rows: Sequence[RegionMetrics], whose: str, cord_target: float | None, lesion_target: float | None
) -> list[Headline]:
    summary = summary_table(metrics_table(rows))
    cord, cases = _mean(summary, "sc", "dsc")
    lesion, with_lesion = _mean(summary, "lesion", "dsc_in_lesion_cases")
    clean, lesion_free = _mean(summary, "lesion", "lesion_free_kept_clean")
    note = f"mean of the {with_lesion} held-out cases with a lesion"
    if clean is not None:
        note += f"; of {lesion_free} without, {round(clean * lesion_free)} kept clean"
    return [
        Headline(f"Cord Dice{whose}", cord, cord_target, f"mean of {cases} held-out cases"),
        Headline(f"Lesion Dice{whose}", lesion, lesion_target, note),
    ]


def _mean(summary: pd.DataFrame, region: str, metric: str) -> tuple[float | None, int]:
    """Look up a mean over all sites, and the number of cases that it rests on."""
    chosen = (summary["site"] == OVERALL_SITE) & (summary["region"] == region) & (summary["metric"] == metric)
    found = summary[chosen]
    used = 0 if found.empty else int(found["n_used"].iloc[0])
    return (float(found["mean"].iloc[0]) if used else None), used
