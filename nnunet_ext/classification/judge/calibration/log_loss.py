"""The mean surprise at the truth."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_probabilities


def log_loss(truth: npt.ArrayLike, probabilities: npt.ArrayLike) -> float | None:
    """Give the mean of ``-ln p`` with p the probability of the true class, in nats.

    Good 1952 (J. R. Stat. Soc. B 14:107). A probability of 0 counts as 2.2e-16, as in scikit-learn: one such patient
    costs 36.

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    probabilities
        Shape (n, classes).

    Returns
    -------
    float or None
        None of no patient.

    Raises
    ------
    DataRefusedError
        See `checked_probabilities`.
    """
    true, given = checked_probabilities(truth, probabilities)
    if not true.size:
        return None
    said = given[np.arange(true.size), true]
    return float(-np.log(np.maximum(said, np.finfo(np.float64).eps)).mean())
