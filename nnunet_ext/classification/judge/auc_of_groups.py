"""Whether a classifier separates one group of patients better than another."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_scores
from nnunet_ext.classification.judge.auc_difference import AucDifference
from nnunet_ext.classification.judge.delong import delong


def auc_of_groups(positive: npt.ArrayLike, scores: npt.ArrayLike, in_b: npt.ArrayLike) -> AucDifference:
    """Compare the areas of two groups that have no patient in common.

    The groups are independent, so the variances of their areas, DeLong's, add up (as `roc.test` of R's pROC does for
    unpaired curves; here with the normal distribution and not Student's t).

    Parameters
    ----------
    positive
        Shape (n,): who has the diagnosis.
    scores
        Shape (n,), growing with the diagnosis.
    in_b
        Shape (n,), truth values: who is of group b; all others are of a.

    Returns
    -------
    AucDifference
        Where a group has patients of one class alone, or none, nothing. With one patient in a class, no test.

    Raises
    ------
    DataRefusedError
        See `checked_scores`.
    """
    members, values = checked_scores(positive, scores)
    group, _ = checked_scores(in_b, values)
    a, b = (delong(members[part], values[np.newaxis, part]) for part in (~group, group))
    if a is None or b is None:
        return AucDifference()
    variance = None
    if a.covariance is not None and b.covariance is not None:
        variance = float(a.covariance[0, 0] + b.covariance[0, 0])
    return AucDifference.of(float(a.values[0]), float(b.values[0]), variance)
