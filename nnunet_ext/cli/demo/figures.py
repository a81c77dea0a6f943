"""The figures that the demo must reach, measured."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from nnunet_ext.evaluation.summary import OVERALL_SITE, summary_table

CORD_DICE: Final = 0.90
LESION_DICE: Final = 0.60
MINUTES: Final = 12
MEMORY_GIB: Final = 6


@dataclass(frozen=True)
class Headline:
    """One figure.

    Parameters
    ----------
    label
        What was measured, such as `Cord Dice`.
    value
        The figure; None where there is none.
    target
        What was wanted, higher being better; None where nothing was promised.
    limit
        The most that was wanted; None where there is none.
    digits
        Of the figure, behind the point.
    note
        What it rests on.
    """

    label: str
    value: float | None
    target: float | None = None
    note: str = ""
    limit: float | None = None
    digits: int = 3

    def in_words(self) -> str:
        """Give the line that the demo prints; a figure that is not what was wanted is called so."""
        found = "n/a" if self.value is None else f"{self.value:.{self.digits}f}"
        wanted = "" if self.target is None else f"wanted: at least {self.target:g}"
        wanted = wanted if self.limit is None else f"wanted: at most {self.limit:g}"
        return f"{self.label}: {found}{f'  ({wanted}{self._missed})' if wanted else ''}  {self.note}"

    @property
    def _missed(self) -> str:
        if self.value is None:
            return ""
        low = self.target is not None and self.value < self.target
        high = self.limit is not None and self.value > self.limit
        return ": NOT REACHED" if low else ": EXCEEDED" if high else ""


def headlines(metrics: pd.DataFrame, synthetic: str, seconds: float, peak_bytes: int) -> list[Headline]:
    """Put the run's figures beside what they should be.

    Parameters
    ----------
    metrics
        Of the held-out cases, as `evaluate` left them in `metrics.tsv`.
    synthetic
        How the names of synthetic patients begin. A target stands over these only: a few minutes of training on
        synthetic T2w images promise nothing for real ones.
    seconds
        Of all steps, those done before an interruption included.
    peak_bytes
        Memory of all processes together; 0 where the system does not tell.
    """
    made = metrics["case"].astype(str).str.startswith(synthetic)
    found = _dice(metrics[made], "", CORD_DICE, LESION_DICE)
    if not made.all():
        found += _dice(metrics[~made], ", your images", None, None)
    memory = peak_bytes / 1024**3 if peak_bytes else None
    return [
        *found,
        Headline("Minutes", seconds / 60, note="of all steps, on 2 cores", limit=MINUTES, digits=1),
        Headline("Memory, GiB", memory, note="peak", limit=MEMORY_GIB, digits=1),
    ]


def _dice(metrics: pd.DataFrame, whose: str, cord_target: float | None, lesion_target: float | None) -> list[Headline]:
    summary = summary_table(metrics)
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
