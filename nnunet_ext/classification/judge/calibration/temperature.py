"""How much less sure a model should be, from validation."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from nnunet_ext.classification.judge.arrays import checked_probabilities
from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.judge.calibration.temper import log_probabilities, temper

LIMIT: Final = 20.0
"""The largest temperature; its inverse is the smallest."""


@dataclass(frozen=True)
class Temperature:
    """A fitted temperature.

    Parameters
    ----------
    value
        What `temper` takes.
    before, after
        Log loss on validation at 1 and at `value`; None of no patient.
    note
        Why the value is not the minimum, or None.
    """

    value: float
    before: float | None
    after: float | None
    note: str | None = None


def fit_temperature(truth: npt.ArrayLike, probabilities: npt.ArrayLike) -> Temperature:
    """Find the temperature of the least log loss on validation (Guo et al. 2017, ICML, section 4.2).

    With z the logits, the log loss is convex in 1 / T, and its derivative, the mean of ``sum p z - z_true`` at that T,
    is followed to its root by Brent's method.

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    probabilities
        Shape (n, classes), of patients that the model has not seen; logits go in as their softmax.

    Returns
    -------
    Temperature
        Of no patient, or where every patient is decided right, so that no temperature is cold enough, it is 1.

    Raises
    ------
    DataRefusedError
        See `checked_probabilities`.
    """
    true, given = checked_probabilities(truth, probabilities)
    if not true.size:
        return Temperature(1.0, None, None, "no patient")
    logits = log_probabilities(given)
    said = logits[np.arange(true.size), true]
    if np.all(said >= logits.max(axis=1)):
        loss = log_loss(true, given)
        return Temperature(1.0, loss, loss, "all patients are decided right")

    def slope(inverse: float) -> float:
        return float(((special.softmax(logits * inverse, axis=1) * logits).sum(axis=1) - said).mean())

    note = None
    if slope(1 / LIMIT) >= 0:
        value, note = LIMIT, "no better than chance: at its upper limit"
    elif slope(LIMIT) <= 0:
        value, note = 1 / LIMIT, "at its lower limit"
    else:
        value = 1 / float(optimize.brentq(slope, 1 / LIMIT, LIMIT))
    return Temperature(value, log_loss(true, given), log_loss(true, temper(given, value)), note)
