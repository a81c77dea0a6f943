"""What strategies reached against the number of cases that had been corrected by then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from nnunet_ext.report.plots.canvas import COLOURS, INK, MARKERS, drawn, name_sites, panel, short

_ASIDE: Final = 0.07  # of a step along the budget, from one strategy to the next: their points would hide each other
_MOST_TICKS: Final = 10

Run = Sequence[tuple[float, float | None]]
"""Budget and value after each round; None where there is no value."""


def budget_curves_plot(runs: Mapping[str, Sequence[Run]], *, title: str, axis: str, baseline: str = "") -> bytes:
    """Draw the metric against the budget: a point for each model, and for each strategy a line through its means.

    Seeds are few, and the interval of a mean of three reaches beyond any axis: the points say how much they differ.
    Points of different strategies stand a little aside of each other where one of them has several seeds.

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
    others = [name for name in tables if name != baseline]
    several = any(len(table) > 1 for table in tables.values())
    spread = _ASIDE * max(_step(table) for table in tables.values()) if several else 0.0
    for number, (name, table) in enumerate(tables.items()):
        look = _BASELINE if name == baseline else _look(others.index(name))
        aside = spread * (number - (len(tables) - 1) / 2)
        _draw(axes, name, table + np.array([aside, 0.0]), replace(look, marker=MARKERS[number % len(MARKERS)]))
    budgets = np.unique(np.concatenate([table[..., 0].ravel() for table in tables.values()]))
    if np.isfinite(budgets).sum() <= _MOST_TICKS:
        axes.set_xticks(budgets[np.isfinite(budgets)])
    axes.set_xlabel("corrected cases", color=INK)
    axes.set_ylabel(short(axis, 40), color=INK)
    name_sites(figure, axes)
    return drawn(figure)


@dataclass(frozen=True)
class _Look:
    """How a strategy is drawn: colour and kind of line, each of which alone may be had twice."""

    colour: str
    dash: tuple[int, tuple[float, ...] | None]
    marker: str = "o"


_BASELINE: Final = _Look(INK, (0, (5, 2)))


def _look(number: int) -> _Look:
    return _Look(COLOURS[number % len(COLOURS)], (0, None) if number < len(COLOURS) else (0, (1.5, 1.2)))


def _draw(axes: Axes, name: str, table: npt.NDArray[np.float64], look: _Look) -> None:
    seen = table[np.isfinite(table[..., 1])]
    axes.scatter(
        seen[:, 0],
        seen[:, 1],
        s=22,
        marker=look.marker,
        facecolor=look.colour,
        edgecolor="white",
        linewidth=0.5,
        alpha=0.75,
        zorder=3,
        label=short(name),
    )
    means = np.ma.masked_invalid(table).mean(axis=0).filled(np.nan)
    axes.plot(means[:, 0], means[:, 1], color=look.colour, linewidth=1.6, linestyle=look.dash, zorder=2)


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
