"""A part of the pool that has places of its own in a query."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from nnunet_ext.active_learning.query.candidate import Candidate
from nnunet_ext.active_learning.query.lots import Lots
from nnunet_ext.active_learning.query.measure import Measure
from nnunet_ext.active_learning.query.power import power_key

UNRANKED: Final = "rest"
"""The stratum of what no other wants."""

SUSPECT: Final = "suspect"
"""The stratum of labels that are looked at again."""


@dataclass(frozen=True)
class Ranked:
    """A candidate in a stratum.

    Parameters
    ----------
    candidate
        Which.
    score
        What it was ranked by; None where that was a lot.
    reason
        Why, in words that a rater understands.
    """

    candidate: Candidate
    score: float | None
    reason: str


@dataclass(frozen=True)
class Stratum:
    """Ranked candidates, the first to be chosen first, and how many places they have."""

    name: str
    places: int
    ranked: tuple[Ranked, ...]


def by_score(
    name: str, places: int, pool: Sequence[Candidate], measure: Measure, lots: Lots, beta: float | None = None
) -> Stratum:
    """Rank a pool by a measure, the highest first; without a score a case is not in the stratum.

    Parameters
    ----------
    name, places
        Of the stratum.
    pool
        In any order.
    measure, lots
        Equal scores are ordered by lot.
    beta
        Sharpness of the power noise, see `power_key`; None for no noise.
    """
    measure = measure.scored(pool)
    scores = {one.case: score for one in pool if (score := measure.of(one)) is not None}
    above = {score: place for place, score in reversed(list(enumerate(sorted(scores.values(), reverse=True), start=1)))}

    def key(candidate: Candidate) -> tuple[float, float, str]:
        score, case = scores[candidate.case], candidate.case
        noisy = score if beta is None else power_key(score, beta, lots.draw(f"noise {name}", case))
        return -noisy, lots.draw(f"tie {name}", case), case

    ranked = [
        Ranked(one, scores[one.case], measure.words(one, above[scores[one.case]], len(scores)))
        for one in sorted((one for one in pool if one.case in scores), key=key)
    ]
    return Stratum(name, places, tuple(ranked))


def by_lot(name: str, places: int, pool: Sequence[Candidate], words: Callable[[int], str], lots: Lots) -> Stratum:
    """Rank a pool by lot.

    Parameters
    ----------
    name, places, pool, lots
        As for `by_score`.
    words
        Gives the reason for the number of cases that were drawn from.
    """
    order = sorted(pool, key=lambda one: (lots.draw(f"lot {name}", one.case), one.case))
    return Stratum(name, places, tuple(Ranked(one, None, words(len(pool))) for one in order))
