"""How much is learned from each voxel that people had to draw."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares


def foreground_efficiency(effort: Sequence[float], values: Sequence[float], full: float) -> float | None:
    """Fit the rate at which a metric approaches what all data give: ``y = c - (c - y0) exp(-beta (x - x0))``.

    nnActive's foreground efficiency (arXiv 2511.19183; `DatasetBeta` of its `analyze/metrics.py`), by least squares: x
    is the foreground that was drawn, c the value with all data, y0 the mean value at the least effort x0. A strategy
    that reaches the same with less drawing has a larger beta.

    Parameters
    ----------
    effort
        Foreground drawn, of all seeds and rounds; in any unit, the same for all strategies.
    values
        The metric, one for each; higher is better.
    full
        The metric with all data.

    Returns
    -------
    float or None
        For each unit of effort; negative where the metric falls. None where the effort does not grow, where the
        first model is as good as that of all data, so that nothing is left to be learned, or where no rate fits.
    """
    x, y = np.asarray(effort, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if not x.size or np.ptp(x) == 0:
        return None
    width = np.ptp(x)
    share = (x - x.min()) / width  # a fit in whole millions of voxels would not start
    missing = full - float(y[x == x.min()].mean())
    if missing <= 0:
        return None

    def errors(rate: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        off: npt.NDArray[np.float64] = full - missing * np.exp(-rate[0] * share) - y
        return off

    fit = least_squares(errors, [1.0])
    return float(fit.x[0] / width) if fit.success else None
