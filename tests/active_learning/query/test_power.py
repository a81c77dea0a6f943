import math
from collections import Counter

import pytest

from nnunet_ext.active_learning.query.lots import Lots
from nnunet_ext.active_learning.query.power import beta_of, power_key


def test_the_schedule_of_claspe_comes_out() -> None:
    # nnActive's notes of the paper: five models, of which the last does not query: 1, 3.16, 10, 31.6, (100).
    assert [beta_of(number, 5) for number in range(1, 6)] == pytest.approx([1, 3.1623, 10, 31.623, 100], rel=1e-4)


def test_a_single_round_is_the_first_and_rounds_beyond_the_plan_stay_at_the_last() -> None:
    assert beta_of(1, 1) == 1
    assert beta_of(4, 1) == 1
    assert beta_of(9, 5) == 100


def test_the_noise_is_gumbels_by_hand() -> None:
    # A lot of exp(-1) is Gumbel's 0, and one of exp(-e) its -1.
    assert power_key(0.5, 2.0, math.exp(-1)) == pytest.approx(math.log(0.5))
    assert power_key(0.5, 2.0, math.exp(-math.e)) == pytest.approx(math.log(0.5) - 0.5)


def test_no_score_at_all_comes_last_whatever_is_drawn() -> None:
    assert power_key(0.0, 1.0, 0.999999) == -math.inf
    assert power_key(-1e-18, 1.0, 0.999999) == -math.inf


@pytest.mark.parametrize(("beta", "odds"), [(1.0, 3.0), (2.0, 9.0)])
def test_the_odds_of_being_first_are_the_scores_to_the_power_of_beta(beta: float, odds: float) -> None:
    def first(number: int) -> str:
        lots = Lots(number, 1)
        return max("ab", key=lambda name: power_key({"a": 0.1, "b": 0.3}[name], beta, lots.draw("noise", name)))

    wins = Counter(first(number) for number in range(3000))
    expected = odds / (1 + odds)
    assert wins["b"] / 3000 == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 3000))
