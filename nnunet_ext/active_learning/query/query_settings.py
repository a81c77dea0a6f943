"""What a query is asked for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nnunet_ext.active_learning.query.strategy_names import BASELINE, STRATA, STRATEGIES
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.first_few import first_few

PLANNED: Final = 5
"""Rounds where nobody has said how many: as many as ClaSP PE's authors had."""


@dataclass(frozen=True)
class QuerySettings:
    """What a query is asked for.

    Parameters
    ----------
    budget
        How many cases, from 1.
    shares
        Of the strata of `strata`: parts of the budget, which need not add up to 1.
    strategy
        A name of `STRATEGIES`.
    most_per_site
        Share of the budget, above 0 and at most 1, that one site may fill. It is rounded up to whole cases.
    seed, round_number
        From 0, and from 1: with the names of the cases they decide all that is drawn by lot.
    rounds
        How many rounds are planned, for those strategies that grow less random.
    raters
        Their names; none: one who is not named.
    every_rater
        Whether each gets all cases, else each case goes to one of them.

    Raises
    ------
    UsageError
        Where one of them is not what it should be.
    """

    budget: int
    shares: Mapping[str, float]
    strategy: str = BASELINE
    most_per_site: float = 1.0
    seed: int = 0
    round_number: int = 1
    rounds: int = PLANNED
    raters: tuple[str, ...] = ()
    every_rater: bool = False

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise UsageError(f"strategy: one of {', '.join(STRATEGIES)} was needed, found {self.strategy[:60]!r}")
        for name, value, least in (
            ("budget", self.budget, 1),
            ("seed", self.seed, 0),
            ("round", self.round_number, 1),
            ("rounds", self.rounds, 1),
        ):
            if value < least:
                raise UsageError(f"{name}: a whole number from {least} was needed, found {value}")
        if unknown := [name for name in self.shares if name not in STRATA]:
            raise UsageError(f"shares: {', '.join(STRATA)} were needed, found {first_few(unknown)}")
        if not all(math.isfinite(share) and share >= 0 for share in self.shares.values()) or not any(
            self.shares.values()
        ):
            found = ", ".join(f"{name} {share:g}" for name, share in self.shares.items()) or "none"
            raise UsageError(f"shares: numbers of 0 or more, one above 0, were needed, found {found}")
        if not 0 < self.most_per_site <= 1:
            raise UsageError(f"most_per_site: a share above 0 and up to 1 was needed, found {self.most_per_site:g}")
        if len(set(self.raters)) < len(self.raters):
            raise UsageError(f"raters: different names were needed, found {first_few(self.raters)}")
