"""What was said and what came, bin by bin."""

from dataclasses import dataclass

import numpy as np

from nnunet_ext.classification.judge.arrays import Classes, Mask, Values
from nnunet_ext.classification.judge.calibration.equal_mass import equal_mass


@dataclass(frozen=True)
class BinMeans:
    """Means in bins of about as many patients; see `equal_mass`.

    Parameters
    ----------
    number
        The bin of each patient, shape (n,).
    patients
        Of each bin, shape (bins,), as are the others.
    said, came
        Mean probability, and share of those who have what was said.
    """

    number: Classes
    patients: Classes
    said: Values
    came: Values


def bin_means(came: Mask, said: Values, bins: int) -> BinMeans:
    """Put patients into bins.

    Parameters
    ----------
    came, said
        Shape (n,), of one patient or more: who has what was said, and its probability.
    bins
        The most that there may be.
    """
    number = equal_mass(said, bins)
    patients = np.bincount(number)
    means = (np.bincount(number, weights=each) / patients for each in (said, came))
    return BinMeans(number, patients, *means)
