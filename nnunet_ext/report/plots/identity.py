"""Identity plots: one method against another."""

from collections.abc import Sequence

import numpy as np

from nnunet_ext.report.plots.canvas import INK, SOFT, drawn, name_sites, panel, points, short


def identity_plot(
    a: Sequence[float],
    b: Sequence[float],
    sites: Sequence[str],
    *,
    names: tuple[str, str],
    quantity: str,
    note: str = "",
) -> bytes:
    """Draw b against a on equal scales, with the line on which both are the same.

    Parameters
    ----------
    a, b, sites, names, quantity
        As for `bland_altman_plot`.
    note
        A coefficient, to stand in the figure.

    Returns
    -------
    bytes
        An SVG, the same for the same values. No subject: it says so.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    figure, axes = panel(4.6, 4.2, note or "Identity", empty=not first.size)
    if not first.size:
        return drawn(figure)
    low = min(first.min(), second.min())
    high = max(first.max(), second.max())
    margin = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    ends = (low - margin, high + margin)
    axes.plot(ends, ends, color=SOFT, linewidth=1.0, linestyle=(0, (5, 2)), zorder=1)
    points(axes, list(first), list(second), sites)
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_aspect("equal")
    axes.set_xlabel(f"{short(names[0])}: {short(quantity, 40)}", color=INK)
    axes.set_ylabel(f"{short(names[1])}: {short(quantity, 40)}", color=INK)
    name_sites(figure, axes)
    return drawn(figure)
