"""Many tests at once: p values that still mean what they say."""

from collections.abc import Hashable, Sequence
from enum import StrEnum

import numpy as np


class Correction(StrEnum):
    """How p values are corrected for their number."""

    HOLM = "holm"
    BONFERRONI = "bonferroni"
    NONE = "none"


def adjust(
    p_values: Sequence[float | None], correction: Correction, families: Sequence[Hashable] | None = None
) -> list[float | None]:
    """Correct p values, each within its family of tests.

    Bonferroni: ``min(1, m p)``. Holm (1979, Scand. J. Stat. 6:65): in rising order, ``max over j <= i of
    min(1, (m - j + 1) p_j)``, which keeps the same error rate and never gives a larger value.

    Parameters
    ----------
    p_values
        None where a test was not possible. Those do not count in m.
    correction
        Which.
    families
        The family of each; None: all are one.

    Returns
    -------
    list
        In the order given, None where it was None; never smaller than the p value itself, never above 1.
    """
    members: dict[Hashable, list[int]] = {}
    for index, (p, family) in enumerate(zip(p_values, families or [None] * len(p_values), strict=True)):
        if p is not None:
            members.setdefault(family, []).append(index)
    adjusted: list[float | None] = [None] * len(p_values)
    for tested in members.values():
        raw = np.array([p_values[index] for index in tested], dtype=np.float64)
        count = len(raw)
        if correction is Correction.BONFERRONI:
            raw = np.minimum(1.0, count * raw)
        elif correction is Correction.HOLM:
            order = np.argsort(raw, kind="stable")
            stepped = np.minimum(1.0, (count - np.arange(count)) * raw[order])
            raw[order] = np.maximum.accumulate(stepped)
        for index, value in zip(tested, raw.tolist(), strict=True):
            adjusted[index] = value
    return adjusted
