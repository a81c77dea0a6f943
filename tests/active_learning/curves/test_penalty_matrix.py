import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnunet_ext.active_learning.curves.penalty_matrix import penalty_matrix
from nnunet_ext.evaluation.agreement.adjust import Correction
from tests.active_learning.curves.made_curves import runs

VALUES = st.dictionaries(
    st.sampled_from("abcd"),
    st.lists(st.lists(st.none() | st.floats(0, 1), min_size=3, max_size=3), min_size=3, max_size=4),
    min_size=1,
)
BOTH = pytest.mark.parametrize("correction", [Correction.NONE, Correction.HOLM])

# By hand: a - b is 0.10, 0.11, 0.12 in round 1, t = 0.11 / (0.01 / sqrt 3) = 19.05, two-sided p 0.00274 with 2 degrees
# of freedom; in round 2 it is 0.1, -0.1, 0.03, t = 0.17. The third strategy is b but for 0.001, -0.001, 0.0005.
EXAMPLE = {
    "a": [[0.2, 0.60, 0.7], [0.2, 0.71, 0.5], [0.2, 0.82, 0.63]],
    "b": [[0.2, 0.50, 0.6], [0.2, 0.60, 0.6], [0.2, 0.70, 0.60]],
    "c": [[0.2, 0.501, 0.6], [0.2, 0.599, 0.6], [0.2, 0.7005, 0.6]],
}


def test_an_example_by_hand() -> None:
    assert stats.t.sf(19.0526, 2) * 2 == pytest.approx(0.00274, abs=1e-5)
    matrix = penalty_matrix(runs(EXAMPLE), Correction.NONE)
    assert matrix.wins["a", "b"] == 0.5
    assert matrix.wins["a", "c"] == 0.5
    assert sum(matrix.wins.values()) == 1.0
    assert (matrix.mean_won("a"), matrix.mean_lost("a"), matrix.mean_lost("b")) == (0.5, 0, 0.25)


def test_holm_asks_more_of_many_tests() -> None:
    # Five of six tests can be made: in round 2 b and c are one. Five times the p of a in round 1 is below 0.05 still.
    corrected = penalty_matrix(runs(EXAMPLE), Correction.HOLM)
    assert corrected.wins["a", "b"] == 0.5
    p = {
        pair: stats.ttest_rel([row[1] for row in EXAMPLE["a"]], [row[1] for row in EXAMPLE[pair]]).pvalue
        for pair in "bc"
    }
    assert max(p.values()) * 5 < 0.05
    weaker = EXAMPLE | {"a": [[0.2, 0.60, 0.7], [0.2, 0.75, 0.5], [0.2, 0.90, 0.63]]}  # 0.10, 0.15, 0.20: p 0.037
    assert penalty_matrix(runs(weaker), Correction.NONE).wins["a", "b"] == 0.5
    assert penalty_matrix(runs(weaker), Correction.HOLM).wins["a", "b"] == 0


def test_the_other_direction_swaps_winners_and_losers() -> None:
    matrix = penalty_matrix(runs(EXAMPLE), Correction.NONE, higher_is_better=False)
    assert matrix.wins["b", "a"] == 0.5
    assert matrix.wins["a", "b"] == 0


@BOTH
@given(values=VALUES)
def test_wins_are_shares_and_both_cannot_win_the_same_round(
    correction: Correction, values: dict[str, list[list[float | None]]]
) -> None:
    matrix = penalty_matrix(runs(values), correction)
    for one in matrix.strategies:
        assert 0 <= matrix.mean_won(one) <= 1
        for other in set(matrix.strategies) - {one}:
            assert 0 <= matrix.wins[one, other] + matrix.wins[other, one] <= 1
    uncorrected = penalty_matrix(runs(values), Correction.NONE)
    assert all(matrix.wins[pair] <= uncorrected.wins[pair] for pair in matrix.wins)


def test_equals_win_one_round_in_twenty_without_correction_and_next_to_none_with_it() -> None:
    rng = np.random.default_rng(0)
    equal = {name: rng.normal(0.5, 0.1, (4, 41)).tolist() for name in "abcde"}
    found = {each: sum(penalty_matrix(runs(equal), each).wins.values()) / 10 for each in Correction}
    assert 0.025 < found[Correction.NONE] < 0.075
    assert found[Correction.HOLM] <= 1 / 400


def test_a_strategy_alone_wins_nothing() -> None:
    matrix = penalty_matrix(runs({"a": EXAMPLE["a"]}), Correction.NONE)
    assert (dict(matrix.wins), matrix.mean_won("a")) == ({}, 0)
