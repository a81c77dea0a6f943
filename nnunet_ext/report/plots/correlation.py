"""A measurement against a clinical score, method beside method."""

from collections.abc import Mapping, Sequence

import numpy as np

from nnunet_ext.report.plots.canvas import INK, blank, drawn, name_sites, nothing, points, short


def correlation_plot(
    values: Mapping[str, Sequence[float]],
    scores: Sequence[float],
    sites: Sequence[str],
    *,
    quantity: str,
    score: str,
    notes: Mapping[str, str],
) -> bytes:
    """Draw a clinical score against a measurement, a panel for each method, on the same scales.

    No line is drawn: a rank correlation has none.

    Parameters
    ----------
    values
        Method to one value a subject, in the same order for all.
    scores, sites
        Of the subjects.
    quantity, score
        What was measured, with its unit, and the score.
    notes
        Method to its coefficient in words.

    Returns
    -------
    bytes
        An SVG, the same for the same values. No subject: it says so.
    """
    figure, panels = blank(3.4 * len(values) + 0.2, 3.6, columns=max(len(values), 1))
    for axes, (method, of_method) in zip(panels, values.items(), strict=True):
        axes.set_title(f"{short(method)}\n{notes[method]}", loc="left", fontsize=10, color=INK)
        if not len(scores):
            nothing(axes)
            continue
        points(axes, list(of_method), list(scores), sites)
        axes.set_xlabel(short(quantity, 40), color=INK)
    if len(scores):
        every = np.array(list(values.values()), dtype=np.float64)
        margin = 0.06 * np.ptp(every) or 0.06 * abs(every.max()) or 1.0
        for axes in panels:
            axes.set_xlim(every.min() - margin, every.max() + margin)
        for axes in panels[1:]:
            axes.sharey(panels[0])
            axes.tick_params(labelleft=False)
        panels[0].set_ylabel(short(score, 40), color=INK)
        name_sites(figure, panels[0])
    return drawn(figure)
