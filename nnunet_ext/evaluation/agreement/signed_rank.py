"""The Wilcoxon signed-rank test, with the distribution that few subjects, ties and zeros really have."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from nnunet_ext.evaluation.agreement.values import Values

MOST_EXACT: Final = 50
"""Differences other than 0, up to which the distribution is counted out."""

EXACT: Final = "exact"
NORMAL: Final = "normal"
ALL_ZERO: Final = "all 0"
"""How p was found: from every choice of signs, from a normal distribution, or not at all."""


@dataclass(frozen=True)
class SignedRank:
    """The smaller of the two sums of ranks, the two-sided p, and how it was found: `EXACT`, `NORMAL` or `ALL_ZERO`."""

    w: float
    p: float
    method: str


def signed_rank(differences: Values) -> SignedRank:
    """Test whether differences lie around 0 (Wilcoxon 1945, Biometrics Bulletin 1:80).

    Differences of 0 are dropped, as Wilcoxon did, and equal ones share their mean rank. Up to 50 of the others the
    sums of ranks of all ``2^n`` choices of signs are counted, with the ranks that there are: with zeros or ties, too,
    no p is smaller than the smallest possible, ``2 / 2^n`` (as R's coin with ``distribution = "exact"`` and
    ``zero.method = "Wilcoxon"``). Beyond, p is scipy's: normal, corrected for ties, without continuity correction.

    Parameters
    ----------
    differences
        Shape (n,), all finite; equal ones to the last bit.

    Returns
    -------
    SignedRank
        No difference, or zeros alone: 0, and p is 1.
    """
    kept = differences[differences != 0]
    if not kept.size:
        return SignedRank(0.0, 1.0, ALL_ZERO)
    ranks = stats.rankdata(np.abs(kept))
    positive, negative = float(ranks[kept > 0].sum()), float(ranks[kept < 0].sum())
    smaller = min(positive, negative)
    if kept.size > MOST_EXACT:
        done = stats.wilcoxon(kept, zero_method="wilcox", correction=False)
        return SignedRank(smaller, float(done.pvalue), NORMAL)
    return SignedRank(smaller, _exact_p(ranks, smaller), EXACT)


def _exact_p(ranks: Values, smaller: float) -> float:
    """Count the choices of signs whose smaller sum is no larger; up to 2^53 of them are exact in 64 bits."""
    halves = np.rint(2 * ranks).astype(np.int64)  # mean ranks are whole or half
    ways = np.zeros(int(halves.sum()) + 1)
    ways[0] = 1
    for rank in halves:
        ways[rank:] += ways[:-rank].copy()
    tail = ways[: round(2 * smaller) + 1].sum()
    return min(1.0, 2 * float(tail) / 2.0**ranks.size)
