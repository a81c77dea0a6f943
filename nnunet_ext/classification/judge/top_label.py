"""Whether the likeliest class is the true one, and how likely it was said to be."""

from nnunet_ext.classification.judge.arrays import Classes, Mask, Values


def top_label(truth: Classes, probabilities: Values) -> tuple[Mask, Values]:
    """Give, for each patient, whether the likeliest class is the true one, and its probability.

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    probabilities
        Shape (n, classes).

    Returns
    -------
    tuple of arrays
        Of shape (n,).
    """
    right: Mask = probabilities.argmax(axis=1) == truth
    confidence: Values = probabilities.max(axis=1)
    return right, confidence
