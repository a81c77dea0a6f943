"""A share of patients."""

import math

from nnunet_ext.classification.judge.estimate import Estimate, Z


def wilson(hits: int, count: int) -> Estimate:
    """Give a share with Wilson's score interval.

    Wilson 1927 (J. Am. Stat. Assoc. 22:209); with p the share and z the normal quantile,
    ``(p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)``, method 3 in Newcombe 1998 (Stat. Med.
    17:857), without correction for continuity. It stays within 0 and 1, and of no hit at all it still has a width.

    Parameters
    ----------
    hits, count
        Patients that have what is counted, and patients.

    Returns
    -------
    Estimate
        Of no patient: None.
    """
    if not count:
        return Estimate.without_interval(None, 0)
    share = hits / count
    middle, half = share + Z**2 / (2 * count), Z * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    low, high = ((middle + sign * half) / (1 + Z**2 / count) for sign in (-1, 1))
    # Of no hit the lower end is 0, and of all the upper one is 1: what rounding leaves of it is taken off.
    return Estimate(share, low if hits else 0.0, high if hits < count else 1.0, count, "Wilson")
