import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnunet_ext.classification.judge.mcnemar import McNemar, mcnemar


def compared(both: int, only_a: int, only_b: int, neither: int) -> McNemar:
    counts = [both, only_a, only_b, neither]
    return mcnemar(np.repeat([1, 1, 0, 0], counts) > 0, np.repeat([1, 0, 1, 0], counts) > 0)


def test_the_published_example_comes_out() -> None:
    """Bentur et al. in Fagerland et al. 2013, table 1 (1, 1, 7, 12): exact 0.0703, mid-p 0.0391."""
    found = compared(1, 1, 7, 12)
    assert (found.only_a, found.only_b) == (1, 7)
    assert (found.p_exact, found.p_mid) == pytest.approx((0.0703, 0.0391), abs=5e-5)
    assert found.difference == pytest.approx(6 / 21)


def test_counts_that_are_equal_and_classifiers_that_never_differ_are_no_evidence() -> None:
    """Fagerland et al. 2013, supplement: the mid-p of equal counts is 1 less half the chance of them."""
    equal, never = compared(5, 2, 2, 1), compared(5, 0, 0, 5)
    assert equal.p_exact == 1.0
    assert equal.p_mid == pytest.approx(1 - 6 / 16 / 2)
    assert (never.p_exact, never.p_mid, never.difference) == (1.0, 1.0, 0.0)


@given(*[st.integers(0, 20)] * 4)
def test_it_is_scipys_binomial_test_of_those_in_whom_they_differ(both: int, a: int, b: int, neither: int) -> None:
    found = compared(both, a, b, neither)
    if both + a + b + neither == 0:
        assert found == McNemar(0, 0)
        return
    assert found.p_exact == pytest.approx(stats.binomtest(a, a + b).pvalue if a + b else 1)
    assert found.p_mid is not None
    assert found.p_exact is not None
    assert 0 < found.p_mid <= found.p_exact <= 1
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low < found.high <= 1
    back = compared(both, b, a, neither)
    assert (back.p_exact, back.p_mid) == (found.p_exact, found.p_mid)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_of_classifiers_that_are_alike_at_most_one_in_twenty_is_called_worse() -> None:
    rng, exact, mid = np.random.default_rng(0), 0, 0
    for _ in range(2000):
        hard = rng.uniform(size=60)
        found = mcnemar(*(rng.uniform(size=(2, 60)) > hard / 2))
        exact += (found.p_exact or 0) < 0.05
        mid += (found.p_mid or 0) < 0.05
    assert exact / 2000 < 0.04
    assert exact < mid
    assert mid / 2000 < 0.06


def test_the_interval_holds_the_true_difference() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(1000):
        found = mcnemar(rng.uniform(size=50) < 0.7, rng.uniform(size=50) < 0.9)
        held += (found.low or 0) <= 0.2 <= (found.high or 0)
    assert 0.93 < held / 1000 < 0.98
