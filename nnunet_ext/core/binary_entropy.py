"""How unsure a probability is."""

from typing import Any

import numpy.typing as npt
from scipy.special import entr


def binary_entropy(probability: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give ``-p ln p - (1 - p) ln(1 - p)`` of each probability, in nats: 0 where it is 0 or 1, ln 2 where it is 1/2.

    Of a region with a sigmoid of its own this is the whole entropy. ``-p ln p`` alone, summed over the regions, takes
    0.1 for more doubtful than 0.9; here both have 0.325.

    Parameters
    ----------
    probability
        From 0 to 1, any shape; the result has its type.
    """
    unsure: npt.NDArray[Any] = entr(probability)
    unsure += entr(1 - probability)
    return unsure
