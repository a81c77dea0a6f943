"""Many tests at once: p values that still mean what they say."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np


class Correction(StrEnum):
    """How p values are corrected for their number."""

    HOLM = "holm"
    BONFERRONI = "bonferroni"
    NONE = "none"


def adjust(p_values: Sequence[float | None], correction: Correction) -> list[float | None]:
    """Correct the p values of one family of tests.

    Bonferroni: ``min(1, m p)``. Holm (1979, Scand. J. Stat. 6:65): in rising order, ``max over j <= i of
    min(1, (m - j + 1) p_j)``, which keeps the same error rate and never gives a larger value.

    Parameters
    ----------
    p_values
        Of one family; None where a test was not possible. Those do not count in m.
    correction
        Which.

    Returns
    -------
    list
        In the order given, None where it was None; never smaller than the p value itself, never above 1.
    """
    tested = [index for index, p in enumerate(p_values) if p is not None]
    raw = np.array([p for p in p_values if p is not None], dtype=np.float64)
    count = len(raw)
    if correction is Correction.BONFERRONI:
        raw = np.minimum(1.0, count * raw)
    elif correction is Correction.HOLM:
        order = np.argsort(raw, kind="stable")
        stepped = np.minimum(1.0, (count - np.arange(count)) * raw[order])
        raw[order] = np.maximum.accumulate(stepped)
    adjusted: list[float | None] = [None] * len(p_values)
    for index, value in zip(tested, raw, strict=True):
        adjusted[index] = float(value)
    return adjusted
