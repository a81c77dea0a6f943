"""Raincloud plots: the points, the box and the density of each method."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from scipy import stats

from nnunet_ext.report.plots.canvas import COLOURS, INK, MARKERS, SOFT, drawn, panel, short, site_order

_ALL: Final = "all"
_PAIRED_UP_TO: Final = 60  # more lines than that are a grey block
_HATCHES: Final = ("", "///", "---", "xxx", "\\\\\\", "++")  # for grey paper; dots would be 150 kB of circles
_WIDEST: Final = 16.0

Values = npt.NDArray[np.float64]


def raincloud(
    values: Mapping[str, Sequence[float]],
    sites: Sequence[str],
    *,
    title: str,
    axis: str,
) -> bytes:
    """Draw how several methods measured the same subjects, over all sites and site by site.

    Allen et al. 2019 (Wellcome Open Res. 4:63): half a violin (Gaussian kernel, Scott's rule, cut at the extremes), a
    box (quartiles, median, whiskers to the last point within 1.5 interquartile ranges), and every point. Two methods'
    points of one subject are joined over all sites where there are at most 60.

    Parameters
    ----------
    values
        Method to one value a subject, in the same order for all.
    sites
        Of the subjects; sites get a group of their own where there are several.
    title, axis
        What was measured, and the name of the axis with its unit.

    Returns
    -------
    bytes
        An SVG, the same for the same values. No subject: it says so. One, or equal values: points without a violin.
    """
    methods = list(values)
    table = np.array([list(values[method]) for method in methods], dtype=np.float64).reshape(len(methods), -1)
    order = site_order(sites)
    everyone = np.ones(table.shape[1], dtype=bool)
    groups = {_ALL: everyone}
    if len(order) > 1:
        groups |= {site: np.array([its_site == site for its_site in sites]) for site in order}
    width = min(_WIDEST, 2.4 + 0.95 * len(groups) * max(len(methods), 1))
    figure, axes = panel(width, 3.9, short(title, 60), empty=not table.size)
    if not table.size:
        return drawn(figure)
    step = len(methods) + 0.6
    for number, members in enumerate(groups.values()):
        middle = number * step
        _group(axes, table[:, members], middle, joined=number == 0)
    ticks = [number * step + (len(methods) - 1) / 2 for number in range(len(groups))]
    names = [f"{short(name, 16)}\nn = {int(members.sum())}" for name, members in groups.items()]
    axes.set_xticks(ticks, names)
    if len(groups) > 1:
        axes.axvline(step - 0.8, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylabel(short(axis, 40), color=INK)
    axes.grid(visible=False, axis="x")
    handles = [_legend_patch(number, method) for number, method in enumerate(methods)]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(methods)), frameon=False, fontsize=9)
    return drawn(figure)


def _group(axes: Axes, table: Values, left: float, *, joined: bool) -> None:
    count = table.shape[1]
    jitter: Values = np.random.default_rng(0).uniform(-0.07, 0.07, (count,))  # of the same subjects in every method
    if joined and len(table) == 2 and count <= _PAIRED_UP_TO:
        for subject in range(count):
            start = left - 0.22 + float(jitter[subject])
            ends = [start, start + 1]
            axes.plot(ends, table[:, subject], color=SOFT, linewidth=0.6, alpha=0.45, zorder=1)
    for number, values in enumerate(table):
        colour = COLOURS[number % len(COLOURS)]
        place = left + number
        axes.scatter(
            place - 0.22 + jitter,
            values,
            s=16,
            marker=MARKERS[number % len(MARKERS)],
            facecolor=colour,
            edgecolor="white",
            linewidth=0.4,
            alpha=0.85,
            zorder=3,
        )
        if count < 2:
            continue
        axes.boxplot(
            values,
            positions=[place],
            widths=0.13,
            manage_ticks=False,
            showfliers=False,
            patch_artist=True,
            boxprops={"facecolor": "white", "edgecolor": INK, "linewidth": 1.0},
            medianprops={"color": INK, "linewidth": 2.0},
            whiskerprops={"color": INK, "linewidth": 1.0},
            capprops={"color": INK, "linewidth": 1.0},
            zorder=2.5,
        )
        _cloud(axes, values, place + 0.1, number)


def _cloud(axes: Axes, values: Values, place: float, number: int) -> None:
    spread = np.ptp(values)
    if len(values) < 3 or spread <= 1e-9 * max(np.abs(values).max(), 1e-300):
        return
    height = np.linspace(values.min(), values.max(), 80)
    density = stats.gaussian_kde(values)(height)
    axes.fill_betweenx(
        height,
        place,
        place + 0.36 * density / density.max(),
        facecolor=COLOURS[number % len(COLOURS)],
        edgecolor=INK,
        linewidth=0.6,
        alpha=0.55,
        hatch=_HATCHES[number % len(_HATCHES)],
        zorder=2,
    )


def _legend_patch(number: int, method: str) -> Patch:
    return Patch(
        facecolor=COLOURS[number % len(COLOURS)],
        edgecolor=INK,
        linewidth=0.6,
        alpha=0.55,
        hatch=_HATCHES[number % len(_HATCHES)],
        label=short(method),
    )
