"""Bins that hold about as many patients each."""

import numpy as np

from nnunet_ext.classification.judge.arrays import Classes, Values


def equal_mass(values: Values, bins: int) -> Classes:
    """Give the bin of each value, numbered from 0, rising with the values.

    Values that are alike share a bin, so that the order of patients changes nothing; there are fewer bins where the
    patients are few or much alike, and each has two patients or more.

    Parameters
    ----------
    values
        Shape (n,).
    bins
        The most that there may be.
    """
    ordered, edges, last = np.sort(values), [], 0
    for number in range(1, bins):
        edge = ordered[min(number * ordered.size // bins, ordered.size - 1)] if ordered.size else 0.0
        start = int(np.searchsorted(ordered, edge))
        if start - last >= 2 and ordered.size - start >= 2:
            edges.append(edge)
            last = start
    return np.searchsorted(np.array(edges), values, side="right").astype(np.int64)
