"""What probabilities said, and what came."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_scores
from nnunet_ext.classification.judge.calibration.equal_mass import equal_mass
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.wilson import wilson


@dataclass(frozen=True)
class ReliabilityBin:
    """Patients to whom about the same was said.

    Parameters
    ----------
    low, high
        The smallest and the largest probability among them.
    said
        Their mean probability.
    came
        The share of those who have it, with Wilson's interval; `came.count` is the number of patients.
    """

    low: float
    high: float
    said: float
    came: Estimate


def reliability(came: npt.ArrayLike, said: npt.ArrayLike, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Give the table of a reliability diagram, in bins of about as many patients; see `equal_mass`.

    Murphy and Winkler 1977 (J. R. Stat. Soc. C 26:41). With `top_label` it is of the likeliest class; with one class's
    column, of that class.

    Parameters
    ----------
    came
        Shape (n,), truth values: who has what was said.
    said
        Shape (n,): its probability.
    bins
        The most that there may be.

    Returns
    -------
    tuple
        Of no patient: empty.

    Raises
    ------
    DataRefusedError
        See `checked_scores`.
    """
    hits, values = checked_scores(came, said)
    numbers = equal_mass(values, bins)
    table = []
    for number in np.unique(numbers):
        members = numbers == number
        inside = values[members]
        share = wilson(int(hits[members].sum()), inside.size)
        table.append(ReliabilityBin(float(inside.min()), float(inside.max()), float(inside.mean()), share))
    return tuple(table)
