"""What probabilities said, against what came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nnunet_ext.report.plots.canvas import COLOURS, INK, MARKERS, SOFT, drawn, name_sites, panel, short


@dataclass(frozen=True)
class ReliabilityPoint:
    """Patients to whom about the same was said: its mean, the share in whom it came with its interval, how many."""

    said: float
    came: float
    low: float
    high: float
    patients: int


def reliability_plot(points: Mapping[str, Sequence[ReliabilityPoint]], *, title: str) -> bytes:
    """Draw the share of patients in whom a diagnosis came against its probability, with the line on which both agree.

    Parameters
    ----------
    points
        Name of the probabilities, such as before and after tempering, to their bins.
    title
        What was asked.

    Returns
    -------
    bytes
        An SVG, the same for the same values. No patient: it says so.
    """
    there = {name: bins for name, bins in points.items() if bins}
    figure, axes = panel(4.6, 4.2, short(title, 48), empty=not there)
    if not there:
        return drawn(figure)
    axes.plot((0, 1), (0, 1), color=SOFT, linewidth=1.0, linestyle=(0, (5, 2)), zorder=1)
    for number, (name, bins) in enumerate(there.items()):
        said, came = [one.said for one in bins], [one.came for one in bins]
        below = [max(0.0, one.came - one.low) for one in bins]
        above = [max(0.0, one.high - one.came) for one in bins]
        axes.errorbar(
            said,
            came,
            yerr=(below, above),
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number % len(MARKERS)],
            markersize=5,
            linewidth=1.4,
            elinewidth=0.7,
            alpha=0.9,
            label=short(name),
            zorder=2 + number,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")
    axes.set_xlabel("probability of the likeliest", color=INK)
    axes.set_ylabel("share in whom it is true", color=INK)
    name_sites(figure, axes)
    return drawn(figure)
