"""Which strategy beats which, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from nnunet_ext.active_learning.curves.paired_difference import PairedDifference, paired_difference
from nnunet_ext.active_learning.curves.runs import Runs
from nnunet_ext.evaluation.agreement.adjust import Correction, adjust

ALPHA: Final = 0.05
"""The level of all tests."""


@dataclass(frozen=True)
class PenaltyMatrix:
    """The pairwise penalty matrix.

    Parameters
    ----------
    strategies
        Their names in order.
    wins
        Winner and loser to the share of rounds in which the one was significantly better than the other, 0 to 1; a row
        for every pair of different strategies.
    """

    strategies: tuple[str, ...]
    wins: Mapping[tuple[str, str], float]

    def mean_won(self, strategy: str) -> float:
        """Give a strategy's share of wins over all others: a row of the matrix."""
        return self._mean([self.wins[strategy, other] for other in self.strategies if other != strategy])

    def mean_lost(self, strategy: str) -> float:
        """Give a strategy's share of losses, its penalty: a column of the matrix."""
        return self._mean([self.wins[other, strategy] for other in self.strategies if other != strategy])

    @staticmethod
    def _mean(shares: list[float]) -> float:
        return sum(shares) / len(shares) if shares else 0.0


def penalty_matrix(runs: Runs, correction: Correction, *, higher_is_better: bool = True) -> PenaltyMatrix:
    """Test every pair of strategies after every round: a significant win counts ``1 / number of rounds``.

    Ash et al. 2020 (ICLR, "Deep batch active learning by diverse, uncertain gradient lower bounds", section 4), and
    nnActive's `PairwisePenaltyMatrix`; but values are paired by their seed, not by their place in a table. Round 0 is
    left out: all strategies begin with the same model.

    Parameters
    ----------
    runs
        Of one metric.
    correction
        Of the p values for their number: all pairs in all rounds are one family. Without one, as published, one in
        twenty comparisons of equals is a win or a loss.
    higher_is_better
        Which way the metric counts.

    Returns
    -------
    PenaltyMatrix
        A strategy alone, without a second seed, or before the first round wins nothing.
    """
    rounds = [number for number in runs.rounds if number > 0]
    tests: list[tuple[str, str, PairedDifference]] = [
        (first, second, paired_difference(runs.at(first, number), runs.at(second, number)))
        for number in rounds
        for first, second in combinations(runs.strategies, 2)
    ]
    wins = {(one, other): 0 for one in runs.strategies for other in runs.strategies if one != other}
    adjusted = adjust([test.p for _, _, test in tests], correction)
    for (first, second, test), p in zip(tests, adjusted, strict=True):
        mean = test.interval.mean
        if p is not None and mean is not None and p < ALPHA:
            first_wins = (mean > 0) is higher_is_better
            wins[(first, second) if first_wins else (second, first)] += 1
    return PenaltyMatrix(runs.strategies, {pair: count / max(len(rounds), 1) for pair, count in wins.items()})
