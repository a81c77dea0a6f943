"""The mean area under the ROC curves of several diagnoses, quickly."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from nnunet_ext.classification.judge.arrays import checked_probabilities


def macro_auc(truth: npt.ArrayLike, probabilities: npt.ArrayLike) -> float | None:
    """Give the unweighted mean of the areas of each class against the rest: what `bootstrap` takes.

    With R the sum of the ranks of a class's m patients among all, and n others, its area is
    ``(R - m (m + 1) / 2) / (m n)`` (Mann and Whitney 1947); the mean as `roc_auc_score(multi_class="ovr")` of
    scikit-learn. Of two classes it is the area of either.

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    probabilities
        Shape (n, classes).

    Returns
    -------
    float or None
        None where a class has no patient.

    Raises
    ------
    DataRefusedError
        See `checked_probabilities`.
    """
    true, given = checked_probabilities(truth, probabilities)
    members = true[:, np.newaxis] == np.arange(given.shape[1])
    m = members.sum(axis=0)
    if not m.all():
        return None
    ranks = np.where(members, stats.rankdata(given, axis=0), 0).sum(axis=0)
    return float(((ranks - m * (m + 1) / 2) / (m * (true.size - m))).mean())
