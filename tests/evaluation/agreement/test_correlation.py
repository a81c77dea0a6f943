from itertools import permutations
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnunet_ext.evaluation.agreement.correlation import spearman
from tests.strategies import pairs

PAIRS = pairs(-20, 20, 3, 20)


def test_ranks_worked_by_hand() -> None:
    # Without ties rho is 1 - 6 sum d^2 / (n (n^2 - 1)); the rank differences are 1, 1, 0, 1, 1.
    assert spearman([1, 2, 3, 4, 5], [20, 10, 30, 500, 400]).rho == pytest.approx(1 - 6 * 4 / (5 * 24))


def test_the_interval_is_bonetts_and_wrights() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=30)
    found = spearman(x, x + rng.normal(size=30))
    assert found.rho is not None
    assert found.interval.high is not None
    widths = [0.5 * log((1 + r) / (1 - r)) for r in (found.rho, found.interval.high)]
    assert widths[1] - widths[0] == pytest.approx(1.959964 * ((1 + found.rho**2 / 2) / 27) ** 0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "why"), [([], [], "0 subjects"), ([1, 2], [1, 2], "2 subjects"), ([1, 1, 1], [1, 2, 3], "the same")]
)
def test_what_is_not_defined_is_said(x: list[float], y: list[float], why: str) -> None:
    found = spearman(x, y)
    assert (found.rho, found.p, found.interval.low) == (None, None, None)
    assert why in found.note


@given(PAIRS, st.sampled_from([0.01, 3.0]), st.integers(-5, 5))
def test_rho_knows_ranks_only(pairs: list[tuple[int, int]], factor: float, shift: int) -> None:
    x, y = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
    one, other = spearman(x, y), spearman(np.exp(x / 10) * factor + shift, y)
    assert (one.rho is None) == (other.rho is None)
    assert one.rho == pytest.approx(other.rho)
    turned = spearman(-x, y)
    assert one.rho is None or turned.rho == pytest.approx(-one.rho)
    assert one.rho is None or -1 - 1e-9 <= one.rho <= 1 + 1e-9


@given(pairs(-3, 3, 3, 5))
def test_the_p_of_few_subjects_is_what_all_orders_of_them_give(pairs: list[tuple[int, int]]) -> None:
    x, y = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
    found = spearman(x, y)
    if found.rho is None:
        return
    every = [abs(stats.spearmanr(x, order).statistic) for order in permutations(y)]
    assert found.p == pytest.approx(np.mean([rho >= abs(found.rho) - 1e-9 for rho in every]))
    assert found.p_method == "exact"


@pytest.mark.parametrize(("n", "p"), [(3, 2 / 6), (4, 2 / 24), (5, 2 / 120), (8, 2 / 40320)])
def test_a_perfect_correlation_of_few_subjects_is_no_more_than_chance_allows(n: int, p: float) -> None:
    assert spearman(range(n), range(n)).p == pytest.approx(p)


def test_with_more_subjects_p_is_that_of_students_t() -> None:
    x, y = np.random.default_rng(4).normal(size=(2, 9))
    found = spearman(x, y)
    assert (found.p, found.p_method) == (stats.spearmanr(x, y).pvalue, "t")
