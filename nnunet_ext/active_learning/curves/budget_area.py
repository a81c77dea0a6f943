"""The area under a budget curve."""

from collections.abc import Sequence

import numpy as np

from nnunet_ext.core.errors import DataRefusedError


def budget_area(budgets: Sequence[float], values: Sequence[float]) -> float | None:
    """Give the area under a metric drawn against the budget, the budget from first to last counted as 0 to 1.

    Trapezoids (Zhan et al. 2021, IJCAI, "A comparative survey: benchmarking for pool-based active learning"; nnActive's
    `analyze/metrics.py`, which takes all steps for equally wide: here they are as wide as they are). A metric that
    stays the same has that value as its area.

    Parameters
    ----------
    budgets
        Rising.
    values
        One for each.

    Returns
    -------
    float or None
        In the metric's unit; None where the budget does not grow.

    Raises
    ------
    DataRefusedError
        Where a budget is smaller than the one before.
    """
    x, y = np.asarray(budgets, dtype=np.float64), np.asarray(values, dtype=np.float64)
    steps = np.diff(x)
    if (steps < 0).any():
        raise DataRefusedError(f"curves: budgets that rise from round to round were needed, found {list(budgets)}")
    width = steps.sum()
    return float((steps * (y[1:] + y[:-1]) / 2).sum() / width) if width else None
