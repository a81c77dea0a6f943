import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnunet_ext.evaluation.agreement.correlation_difference import CorrelationDifference, correlation_difference
from tests.strategies import SEEDS


def test_a_method_that_misses_the_score_is_seen_and_one_that_is_as_good_is_not() -> None:
    rng = np.random.default_rng(2)
    score = rng.normal(size=60)
    good, same, bad = score + rng.normal(0, 0.4, 60), score + rng.normal(0, 0.4, 60), rng.normal(size=60)
    worse = correlation_difference(good, bad, score)
    assert (worse.difference or 0) < -0.5
    assert (worse.high or 0) < 0
    assert (worse.p or 1) < 1e-6
    equal = correlation_difference(good, same, score)
    assert (equal.low or 0) < 0 < (equal.high or 0)


def williams(n: int, with_a: float, with_b: float, between: float) -> float:
    """Spell out Steiger 1980, equation 7, the determinant as that of the matrix."""
    matrix = np.array([[1, with_a, with_b], [with_a, 1, between], [with_b, between, 1]])
    mean = (with_a + with_b) / 2
    below = 2 * (n - 1) / (n - 3) * np.linalg.det(matrix) + mean**2 * (1 - between) ** 3
    return float((with_b - with_a) * np.sqrt((n - 1) * (1 + between) / below))


@given(SEEDS, st.integers(4, 40))
def test_it_is_williams_test_of_the_ranks(seed: int, n: int) -> None:
    a, b, score = np.random.default_rng(seed).normal(size=(3, n)) + np.linspace(0, 3, n)
    ranks = [stats.rankdata(values) for values in (a, b, score)]
    correlations = np.corrcoef(ranks)
    if correlations[0, 1] > 1 - 1e-9:
        return
    t = williams(n, correlations[0, 2], correlations[1, 2], correlations[0, 1])
    done = correlation_difference(a, b, score)
    assert (done.t, done.p) == pytest.approx((t, 2 * stats.t.sf(abs(t), n - 3)), rel=1e-6, abs=1e-9)
    assert done.p is not None
    assert done.low is not None
    assert done.high is not None
    assert (done.low <= 0 <= done.high) == (done.p >= 0.05)


def test_a_published_example_comes_out() -> None:
    # Steiger 1980, with n = 103: r12 = 0.4, r13 = 0.5, r23 = 0.1. The help page of R's psych, r.test, has t = -0.89 and
    # p = 0.37 for them.
    assert williams(103, 0.5, 0.4, 0.1) == pytest.approx(-0.89, abs=0.005)
    assert 2 * stats.t.sf(0.89, 100) == pytest.approx(0.37, abs=0.01)


def test_of_two_methods_that_go_with_the_score_alike_one_in_twenty_is_called_worse() -> None:
    rng = np.random.default_rng(0)
    called = 0
    for _ in range(1000):
        score = rng.normal(size=12)
        shared = score + rng.normal(size=12)
        a, b = shared + rng.normal(0, 0.5, (2, 12))
        called += (correlation_difference(a, b, score).p or 1) < 0.05
    assert 0.03 < called / 1000 < 0.09  # of ranks; the bootstrap has 12 %


def test_swapping_the_methods_turns_the_difference() -> None:
    a, b, score = np.random.default_rng(3).normal(size=(3, 15))
    there, back = correlation_difference(a, b, score), correlation_difference(b, a, score)
    assert back.difference == pytest.approx(-(there.difference or 0))
    assert back.p == pytest.approx(there.p)
    assert correlation_difference(a, a, score) == CorrelationDifference(0.0, 0.0, 0.0, 0.0, 1.0)


def test_what_is_not_defined_is_left_out() -> None:
    assert correlation_difference([1, 2, 3], [3, 1, 2], [5, 5, 5]) == CorrelationDifference()
    few = correlation_difference([1, 2, 3], [3, 1, 2], [5, 6, 7])
    assert few.difference is not None
    assert (few.t, few.p, few.low) == (None, None, None)
    opposite = correlation_difference([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [1, 3, 2, 5, 4])
    assert opposite.difference is not None
    assert opposite.p is None
