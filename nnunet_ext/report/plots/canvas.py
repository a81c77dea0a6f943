"""What all statistical figures share: paper, ink, colours, markers, and bytes that never change."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nnunet_ext.report.colours import LINE_COLOURS, PREDICTION_COLOURS, REFERENCE_COLOURS

INK: Final = "#1b2733"
SOFT: Final = "#6a7782"
GRID: Final = "#e3e8ec"
COLOURS: Final = (*LINE_COLOURS, PREDICTION_COLOURS[2], REFERENCE_COLOURS[0])
"""Okabe and Ito's; they can be told apart in grey only with the markers."""

MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")


def blank(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Give an empty figure of a size in inches, with its axes side by side."""
    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)
    for one in axes[0]:
        one.spines[["top", "right"]].set_visible(False)
        one.spines[["left", "bottom"]].set_color(SOFT)
        one.tick_params(colors=INK, labelsize=9)
        one.grid(color=GRID, linewidth=0.8)
        one.set_axisbelow(True)
        one.xaxis.set_major_locator(MaxNLocator(5))
    return figure, list(axes[0])


def drawn(figure: Figure) -> bytes:
    """Draw a figure as SVG; the same figure gives the same bytes."""
    stream = BytesIO()
    # Letters as outlines: the page looks the same on a machine without the font.
    with mpl.rc_context({"svg.hashsalt": "nnunet_ext", "svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def points(axes: Axes, x: Sequence[float], y: Sequence[float], sites: Sequence[str]) -> None:
    """Draw a point for each subject, in the colour and with the marker of its site, and name the sites."""
    for number, site in enumerate(site_order(sites)):
        mine = [index for index, its_site in enumerate(sites) if its_site == site]
        axes.scatter(
            [x[index] for index in mine],
            [y[index] for index in mine],
            s=26,
            marker=MARKERS[number % len(MARKERS)],
            facecolor=COLOURS[number % len(COLOURS)],
            edgecolor="white",
            linewidth=0.5,
            alpha=0.85,
            zorder=3,
            label=f"{short(site)} (n = {len(mine)})",
        )


def site_order(sites: Sequence[str]) -> list[str]:
    """Order the sites, so that each keeps its colour in all figures of the same patients."""
    return sorted(set(sites))


def name_sites(figure: Figure, axes: Axes) -> None:
    """Put the markers of the sites that `points` drew below the axes; one site needs none."""
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) > 1:
        columns = max(1, int(figure.get_figwidth() // 2.2))
        figure.set_figheight(figure.get_figheight() + 0.22 * -(-len(labels) // columns))
        figure.legend(
            handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=8.5, labelcolor=INK
        )


def short(text: str, letters: int = 26) -> str:
    """Cut a long name in its middle; the table has it whole. Dollars are no mathematics."""
    half = letters // 2
    cut = text if len(text) <= letters else f"{text[:half]}…{text[1 - half :]}"
    return cut.replace("$", r"\$")


def panel(width: float, height: float, title: str, *, empty: bool) -> tuple[Figure, Axes]:
    """Give a figure of a single plot with its title, which says so where there is nothing to show."""
    figure, (axes,) = blank(width, height)
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    if empty:
        nothing(axes)
    return figure, axes


def nothing(axes: Axes) -> None:
    """Say that there is nothing to show."""
    axes.text(0.5, 0.5, "no subject to show", transform=axes.transAxes, ha="center", va="center", color=SOFT)
    axes.set_xticks([])
    axes.set_yticks([])
