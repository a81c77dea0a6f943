"""Children apart."""

from collections.abc import Sequence
from itertools import pairwise

from nnunet_ext.core.tables import NOTHING


def age_groups(ages: Sequence[float | None], limits: Sequence[int] = (18,)) -> tuple[str, ...]:
    """Name the age group of each patient: `under 18`, `18 and over`.

    Parameters
    ----------
    ages
        In years; None where it is not known, which is the group `n/a`.
    limits
        Ages in years at which a new group begins, rising.
    """
    names = [
        f"under {limits[0]}",
        *(f"{low} to {high - 1}" for low, high in pairwise(limits)),
        f"{limits[-1]} and over",
    ]
    return tuple(NOTHING if age is None else names[sum(age >= limit for limit in limits)] for age in ages)
