"""What strategies reached against the number of cases that had been corrected by then."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.report.plots.canvas import COLOURS, INK, MARKERS, drawn, name_sites, panel, short

_ASIDE: Final = 0.07  # of a step along the budget, from one strategy to the next: their points would hide each other

Run = Sequence[tuple[float, float | None]]
"""Budget and value after each round; None where there is no value."""


def budget_curves_plot(runs: Mapping[str, Sequence[Run]], *, title: str, axis: str, baseline: str = "") -> bytes:
    """Draw the metric against the budget: a point for each model, and for each strategy a line through its means.

    Seeds are few, and the interval of a mean of three reaches beyond any axis: the points say how much they differ.
    Points of different strategies stand a little aside of each other.

    Parameters
    ----------
    runs
        Strategy to its runs, one for each seed, each from its first round on.
    title, axis
        What was measured, and the name of the axis with its unit.
    baseline
        The strategy to beat, drawn in ink with a broken line.

    Returns
    -------
    bytes
        An SVG, the same for the same values. No value: it says so. A round without any value leaves a gap.
    """
    tables = {name: table for name, of_name in runs.items() if np.isfinite((table := _table(of_name))[..., 1]).any()}
    figure, axes = panel(6.4, 4.0, short(title, 60), empty=not tables)
    if not tables:
        return drawn(figure)
    step = max(_step(table) for table in tables.values())
    for number, (name, table) in enumerate(tables.items()):
        colour = INK if name == baseline else COLOURS[number % len(COLOURS)]
        marker = MARKERS[number % len(MARKERS)]
        aside = _ASIDE * step * (number - (len(tables) - 1) / 2)
        seen = np.isfinite(table[..., 1])
        axes.scatter(
            table[..., 0][seen] + aside,
            table[..., 1][seen],
            s=22,
            marker=marker,
            facecolor=colour,
            edgecolor="white",
            linewidth=0.5,
            alpha=0.75,
            zorder=3,
            label=short(name),
        )
        means = np.ma.masked_invalid(table).mean(axis=0).filled(np.nan)
        line = (0, (5, 2)) if name == baseline else "solid"
        axes.plot(means[:, 0] + aside, means[:, 1], color=colour, linewidth=1.6, linestyle=line, zorder=2)
    axes.set_xlabel("corrected cases", color=INK)
    axes.set_ylabel(short(axis, 40), color=INK)
    name_sites(figure, axes)
    return drawn(figure)


def _step(table: npt.NDArray[np.float64]) -> float:
    """Give the mean step along the budget."""
    budgets = table[..., 0]
    return float((np.nanmax(budgets) - np.nanmin(budgets)) / max(table.shape[1] - 1, 1))


def _table(runs: Sequence[Run]) -> npt.NDArray[np.float64]:
    """Give budgets and values, shape (seeds, rounds, 2); NaN where a run has no value, or ends before the others."""
    table = np.full((len(runs), max(map(len, runs), default=0), 2), np.nan)
    for row, run in zip(table, runs, strict=True):
        for cells, (budget, value) in zip(row, run, strict=False):
            cells[:] = budget, np.nan if value is None else value
    return table
