from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnunet_ext.evaluation.agreement.confidence_interval import Bootstrap
from nnunet_ext.evaluation.agreement.paired_test import paired_test
from nnunet_ext.evaluation.agreement.signed_rank import ALL_ZERO, EXACT, NORMAL, signed_rank

FEW = Bootstrap(100, 0)


def every_choice_of_signs(differences: list[int]) -> float:
    """Count out the two-sided p of the differences that are not 0."""
    kept = np.array([value for value in differences if value], dtype=float)
    ranks = stats.rankdata(np.abs(kept))
    middle = ranks.sum() / 2
    seen = abs(ranks[kept > 0].sum() - middle)
    sums = [abs(ranks @ np.array(signs) - middle) for signs in product((0, 1), repeat=kept.size)]
    return float(np.mean([value >= seen - 1e-9 for value in sums]))


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_with_ties_and_zeros_p_is_what_every_choice_of_signs_gives(differences: list[int]) -> None:
    done = signed_rank(np.array(differences, dtype=float))
    if any(differences):
        assert done.p == pytest.approx(every_choice_of_signs(differences))
        assert done.method == EXACT
    else:
        assert (done.p, done.method) == (1.0, ALL_ZERO)


@given(st.sets(st.integers(1, 10_000), min_size=1, max_size=50), st.integers(0, 2**50 - 1))
def test_without_ties_it_is_scipys_exact_test_up_to_fifty_differences(sizes: set[int], signs: int) -> None:
    differences = np.array([size if signs >> n & 1 else -size for n, size in enumerate(sorted(sizes))], dtype=float)
    expected = stats.wilcoxon(differences, method="exact")
    done = signed_rank(differences)
    assert (done.w, done.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-12)


def test_five_of_twenty_five_that_differ_one_way_have_the_smallest_p_of_five() -> None:
    old = np.linspace(10, 30, 25)
    new = old.copy()
    new[[2, 7, 11, 17, 23]] += [1, 2, 2, 3, 5]
    done = paired_test(old, new, FEW)
    assert (done.p, done.n_nonzero, done.p_method) == (2 / 2**5, 5, EXACT)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=50))
def test_no_p_is_smaller_than_the_smallest_possible(differences: list[int]) -> None:
    done = signed_rank(np.array(differences, dtype=float))
    assert done.p >= 2 / 2 ** np.count_nonzero(differences) or done.p == 1
    assert signed_rank(-np.array(differences, dtype=float)) == done


def test_above_fifty_differences_it_is_normal_and_says_so() -> None:
    differences = np.round(np.random.default_rng(0).normal(0.3, 1, 60), 1)
    expected = stats.wilcoxon(differences, zero_method="wilcox", correction=False)
    done = signed_rank(differences)
    assert np.count_nonzero(differences) > 50
    assert (done.w, done.p, done.method) == (expected.statistic, expected.pvalue, NORMAL)
