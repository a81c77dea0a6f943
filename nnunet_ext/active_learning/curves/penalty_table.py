"""The pairwise penalty matrix as a table."""

from typing import Final

from nnunet_ext.active_learning.curves.penalty_matrix import PenaltyMatrix
from nnunet_ext.core.tables import NOTHING

WON: Final = "mean"
"""The last column, how often a strategy won over all others; and the last row, how often it lost."""


def penalty_columns(matrix: PenaltyMatrix) -> tuple[str, ...]:
    """Give the columns: the winner, each loser, and the mean."""
    return "strategy", *matrix.strategies, WON


def penalty_rows(matrix: PenaltyMatrix) -> tuple[dict[str, str], ...]:
    """Give a row for each winner, with the share of rounds in which each loser was beaten, and a row of means."""
    rows = [
        {"strategy": one}
        | {other: NOTHING if one == other else _cell(matrix.wins[one, other]) for other in matrix.strategies}
        | {WON: _cell(matrix.mean_won(one))}
        for one in matrix.strategies
    ]
    lost = {one: _cell(matrix.mean_lost(one)) for one in matrix.strategies}
    return *rows, {"strategy": WON, **lost, WON: NOTHING}


def _cell(share: float) -> str:
    return f"{share:.6g}"
