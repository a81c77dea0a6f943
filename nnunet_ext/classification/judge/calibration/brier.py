"""The mean square of what probabilities missed, and of what it is made."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import Mask, Values, checked_probabilities
from nnunet_ext.classification.judge.calibration.bin_means import bin_means


@dataclass(frozen=True)
class Brier:
    """A Brier score, ``score = reliability - resolution + uncertainty``; None of no patient.

    Parameters
    ----------
    score
        0 is perfect. Of two classes 1 is the worst; of more, where it is the sum over the classes, 2.
    reliability
        How far probabilities are from what came: 0 is calibrated.
    resolution
        How far patients told apart differ in what came: large is good.
    uncertainty
        The score of saying each class's share to everyone.
    """

    score: float | None
    reliability: float | None
    resolution: float | None
    uncertainty: float | None


def brier(truth: npt.ArrayLike, probabilities: npt.ArrayLike, bins: int = 10) -> Brier:
    """Give the Brier score with its parts.

    Brier 1950 (Mon. Weather Rev. 78:1), halved for two classes as scikit-learn's `brier_score_loss`. In each class, in
    bins of about as many patients, Murphy's parts (1973, J. Appl. Meteorol. 12:595); the resolution is the generalised
    one, less the variance within bins and with twice the covariance there, so that the parts sum up whatever the bins
    (Stephenson, Coelho and Jolliffe 2008, Weather Forecast. 23:752).

    Parameters
    ----------
    truth
        Shape (n,), class numbers.
    probabilities
        Shape (n, classes).
    bins
        The most that there may be; see `equal_mass`.

    Raises
    ------
    DataRefusedError
        See `checked_probabilities`.
    """
    true, given = checked_probabilities(truth, probabilities)
    if not true.size:
        return Brier(None, None, None, None)
    classes = given.shape[1]
    parts = np.sum([_parts(true == number, given[:, number], bins) for number in range(classes)], axis=0)
    score, reliability, resolution, uncertainty = (parts / (2 if classes == 2 else 1)).tolist()
    return Brier(score, reliability, resolution, uncertainty)


def _parts(came: Mask, said: Values, bins: int) -> Values:
    table = bin_means(came, said, bins)
    within = said - table.said[table.number]
    reliability = np.average((table.said - table.came) ** 2, weights=table.patients)
    resolution = np.average((table.came - came.mean()) ** 2, weights=table.patients)
    resolution += (2 * within * (came - table.came[table.number]) - within**2).mean()
    return np.array([((said - came) ** 2).mean(), reliability, resolution, came.mean() * (1 - came.mean())])
