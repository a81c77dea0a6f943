"""The mean of shares of different patients."""

from collections.abc import Sequence

import numpy as np

from nnunet_ext.classification.judge.estimate import Estimate


def mean_of_shares(shares: Sequence[Estimate]) -> Estimate:
    """Give the mean of independent shares, such as the balanced accuracy, the mean of the classes' sensitivities.

    The interval puts together those of the shares p_i, l_i to u_i: with K shares of mean p,
    ``p - sqrt(sum (p_i - l_i)^2) / K`` to ``p + sqrt(sum (u_i - p_i)^2) / K`` (Zou and Donner 2008, Stat. Med.
    27:1693), which never leaves 0 to 1; of two shares and with Wilson's intervals it is method 10 of Newcombe 1998 (Stat. Med. 17:873).

    Parameters
    ----------
    shares
        Of patients that no two of them have in common.

    Returns
    -------
    Estimate
        None where one of the shares is: a class without a patient is not passed over in silence.
    """
    count = sum(share.count for share in shares)
    values, lows, highs = (
        np.array([np.nan if each is None else each for each in ends])
        for ends in zip(*((share.value, share.low, share.high) for share in shares), strict=True)
    )
    if np.isnan(values + lows + highs).any():
        return Estimate.without_interval(None, count)
    below, above = (float(np.sqrt(((values - ends) ** 2).sum()) / len(shares)) for ends in (lows, highs))
    mean = float(values.mean())
    return Estimate(mean, mean - below, mean + above, count, "MOVER")
