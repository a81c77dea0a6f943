"""The figures that the demo must reach, measured."""

from collections.abc import Sequence
from typing import Final

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
    found = [
        _mean(synthetic, "sc", "dsc", "Cord Dice", CORD_DICE),
        _mean(synthetic, "lesion", "dsc_in_lesion_cases", "Lesion Dice", LESION_DICE),
    ]
    if own:
        found.append(_mean(own, "sc", "dsc", "Cord Dice, your images", None))
        found.append(_mean(own, "lesion", "dsc_in_lesion_cases", "Lesion Dice, your images", None))
    memory = peak_bytes / 1024**3 if peak_bytes else None
    return [
        *found,
        Headline("Minutes", seconds / 60, note=f"of all steps; at most {MINUTES} wanted on 2 cores"),
        Headline("Memory, GiB", memory, note=f"peak; at most {MEMORY_GIB} wanted"),
    ]


def _mean(rows: Sequence[RegionMetrics], region: str, metric: str, label: str, target: float | None) -> Headline:
    summary = summary_table(metrics_table(rows))
    chosen = (summary["site"] == OVERALL_SITE) & (summary["region"] == region) & (summary["metric"] == metric)
    found = summary[chosen]
    if found.empty or not int(found["n_used"].iloc[0]):
        return Headline(label, None, target, "no held-out case has one")
    return Headline(
        label, float(found["mean"].iloc[0]), target, f"mean of {int(found['n_used'].iloc[0])} held-out cases"
    )
