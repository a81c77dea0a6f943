"""From probabilities to a diagnosis."""

import numpy as np

from nnunet_ext.classification.judge.arrays import Classes, Values


def decide(probabilities: Values, threshold: float | None = None) -> Classes:
    """Take the likeliest class, or of two classes the second where it reaches a threshold.

    Parameters
    ----------
    probabilities
        Shape (n, classes).
    threshold
        Of the second of two classes, fixed on validation; None takes the likeliest class, of equal ones the first.

    Returns
    -------
    array
        Shape (n,), class numbers.
    """
    chosen = probabilities.argmax(axis=1) if threshold is None else probabilities[:, 1] >= threshold
    return chosen.astype(np.int64)
