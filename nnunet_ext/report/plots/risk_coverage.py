"""How many of the surest decisions are wrong."""

from collections.abc import Mapping, Sequence

from nnunet_ext.report.plots.canvas import COLOURS, INK, MARKERS, drawn, name_sites, panel, short


def risk_coverage_plot(curves: Mapping[str, Sequence[tuple[float, float]]], *, title: str) -> bytes:
    """Draw the share of errors among the patients who are decided against the share who are, the surest first.

    Parameters
    ----------
    curves
        Evidence to coverage and risk.
    title
        What was asked.

    Returns
    -------
    bytes
        An SVG, the same for the same values. No patient: it says so.
    """
    there = {name: curve for name, curve in curves.items() if curve}
    figure, axes = panel(4.6, 3.9, short(title, 48), empty=not there)
    if not there:
        return drawn(figure)
    for number, (name, curve) in enumerate(there.items()):
        axes.plot(
            [coverage for coverage, _ in curve],
            [risk for _, risk in curve],
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number % len(MARKERS)],
            markersize=4.5,
            markevery=max(1, len(curve) // 8),
            linewidth=1.5,
            label=short(name),
        )
    axes.set_xlim(0, 1.02)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("share of patients decided", color=INK)
    axes.set_ylabel("share of these decided wrong", color=INK)
    name_sites(figure, axes)
    return drawn(figure)
