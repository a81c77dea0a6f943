"""Probabilities at a temperature."""

from typing import Final

import numpy as np
from scipy import special

from nnunet_ext.classification.judge.arrays import Values

_LEAST: Final = 1e-12


def temper(probabilities: Values, temperature: float) -> Values:
    """Make probabilities less sure (temperature above 1) or surer (below); the order of the classes stays.

    ``p^(1/T) / sum p^(1/T)``, which is the softmax of logits over T (Guo et al. 2017, ICML, equation 9), whatever
    constant the logits differ by.

    Parameters
    ----------
    probabilities
        Shape (n, classes); those below 1e-12 count as that.
    temperature
        Above 0.
    """
    tempered: Values = special.softmax(log_probabilities(probabilities) / temperature, axis=1)
    return tempered


def log_probabilities(probabilities: Values) -> Values:
    """Give logits that stand for these probabilities, finite where they are 0."""
    logits: Values = np.log(np.maximum(probabilities, _LEAST))
    return logits
