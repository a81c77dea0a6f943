"""Bland-Altman plots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from nnunet_ext.report.plots.canvas import COLOURS, INK, SOFT, drawn, name_sites, panel, points, short


@dataclass(frozen=True)
class AgreementLimits:
    """A line of the plot and its 95 % interval; None where there is none."""

    at: float | None
    low: float | None
    high: float | None


def bland_altman_plot(
    a: Sequence[float],
    b: Sequence[float],
    sites: Sequence[str],
    *,
    names: tuple[str, str],
    quantity: str,
    bias: AgreementLimits,
    limits: tuple[AgreementLimits, AgreementLimits],
) -> bytes:
    """Draw the difference b - a of each subject against the mean of both.

    Bland and Altman 1986 (Lancet 327:307): the bias is a full line, the limits of agreement are dashed, their intervals
    are bands. All three are given, not computed, so that figure and table cannot differ.

    Parameters
    ----------
    a, b, sites
        One value a subject, in one unit and order, and the site.
    names, quantity
        Of a and of b, and what was measured, with its unit.
    bias, limits
        Where the lines lie.

    Returns
    -------
    bytes
        An SVG, the same for the same values. No subject: it says so.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    figure, axes = panel(5.6, 3.9, "Bland-Altman", empty=not first.size)
    if not first.size:
        return drawn(figure)
    axes.axhline(0, color=SOFT, linewidth=0.8, zorder=1)
    points(axes, list((first + second) / 2), list(second - first), sites)
    _line(axes, bias, "bias", "solid")
    if limits[0].at != limits[1].at:  # else they are the bias itself
        for limit, sign in zip(limits, ("−", "+"), strict=True):
            _line(axes, limit, f"{sign}1.96 sd", (0, (5, 2)))
    axes.margins(x=0.08, y=0.12)
    if np.ptp(second - first) == 0:
        around = abs(float(second[0] - first[0])) or 1.0
        axes.set_ylim(-1.5 * around, 1.5 * around)
    axes.set_xlabel(f"mean of both: {short(quantity, 40)}", color=INK)
    axes.set_ylabel(f"{short(names[1])} − {short(names[0])}", color=INK)
    name_sites(figure, axes)
    return drawn(figure)


def _line(axes: Axes, line: AgreementLimits, name: str, dashes: str | tuple[int, tuple[int, int]]) -> None:
    if line.at is None:
        return
    axes.axhline(line.at, color=INK, linewidth=1.2, linestyle=dashes, zorder=2)
    if line.low is not None and line.high is not None:
        axes.axhspan(line.low, line.high, color=COLOURS[0], alpha=0.10, linewidth=0, zorder=0.5)
    axes.annotate(
        f"{name} {_rounded(line.at)}",
        (1, line.at),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color=INK,
        zorder=4,
    )


def _rounded(value: float) -> str:
    text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return text.replace("-", "−")
