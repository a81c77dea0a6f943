"""The diagnoses that cannot be left out."""

import numpy as np

from nnunet_ext.classification.judge.arrays import Mask, Values
from nnunet_ext.classification.judge.conformal.conformal import Conformal
from nnunet_ext.classification.judge.conformal.score import strangeness


def prediction_sets(conformal: Conformal, probabilities: Values, uniform: Values | None = None) -> Mask:
    """Give each patient's set of diagnoses.

    Parameters
    ----------
    conformal
        From validation.
    probabilities
        Shape (n, classes), made as those of validation were.
    uniform
        Given where it was given to `fit_conformal`, drawn anew.

    Returns
    -------
    array
        Shape (n, classes), truth values. A set of one is a diagnosis; of more, or none, an abstention: "not sure".
    """
    ends = np.array([np.inf if end is None else end for end in conformal.thresholds])
    inside: Mask = strangeness(probabilities, conformal.score, uniform) <= ends
    return inside
