"""Power noise: scores that are drawn from rather than cut off, less and less at random from round to round."""

import math
from typing import Final

_LAST_BETA: Final = 100.0


def beta_of(round_number: int, rounds: int) -> float:
    """Give the sharpness of a round: ``beta_t = 100 ** (t / (T - 1))``, from 1 in the first to 100 in the last.

    ClaSP PE (arXiv 2601.13677; nnActive's `entropy_balanced.py`), which counts T models, so that its last query has
    the value before 100.

    Parameters
    ----------
    round_number
        From 1; t is one less. Rounds after the last stay at 100.
    rounds
        T. One round has 1.
    """
    if rounds < 2:
        return 1.0
    return float(_LAST_BETA ** min(1.0, (round_number - 1) / (rounds - 1)))


def power_key(score: float, beta: float, lot: float) -> float:
    """Give what to sort by, highest first: ``ln s + g``, g drawn from a Gumbel distribution of scale 1 / beta.

    The k highest are then a draw of k without replacement, with odds proportional to ``s ** beta`` (Kirsch et al. 2021,
    arXiv 2106.12059).

    Parameters
    ----------
    score
        Negative ones, which only rounding makes, count as 0: such a case comes last.
    beta
        Above 0; the larger, the nearer to the plain order of the scores.
    lot
        Between 0 and 1, ends excluded.
    """
    if score <= 0:
        return -math.inf
    return math.log(score) - math.log(-math.log(lot)) / beta
