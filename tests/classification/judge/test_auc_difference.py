import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.classification.judge.auc import auc
from nnunet_ext.classification.judge.auc_difference import AucDifference, auc_difference
from nnunet_ext.classification.judge.auc_of_groups import auc_of_groups
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from tests.classification.judge.ovarian import ALBUMIN, KG_SCORE, POSITIVE, PROTEIN
from tests.strategies import SEEDS


# SAS/STAT 9.2, LOGISTIC, ROC Contrast Estimation of these data: difference, standard error, chi-square, p
@pytest.mark.parametrize(
    ("scores", "difference", "error", "chi_square", "p"),
    [(PROTEIN, -0.0780, 0.1046, 0.5554, 0.4561), (ALBUMIN, 0.0108, 0.0953, 0.0127, 0.9102)],
)
def test_the_differences_of_delongs_own_data_come_out(
    scores: Array, difference: float, error: float, chi_square: float, p: float
) -> None:
    found = auc_difference(POSITIVE, KG_SCORE, scores)
    assert (found.difference, found.p) == pytest.approx((difference, p), abs=5e-5)
    assert found.z is not None
    assert found.high is not None
    assert found.low is not None
    assert found.z**2 == pytest.approx(chi_square, abs=5e-5)
    assert (found.high - found.low) / (2 * 1.959964) == pytest.approx(error, abs=5e-5)


@given(SEEDS, st.integers(2, 30), st.integers(2, 30))
def test_swapping_the_classifiers_turns_the_difference_and_p_agrees_with_the_interval(
    seed: int, m: int, n: int
) -> None:
    truth = np.repeat([1, 0], [m, n])
    a, b = np.random.default_rng(seed).integers(0, 12, (2, m + n)) + 2 * truth
    there, back = auc_difference(truth, a, b), auc_difference(truth, b, a)
    assert (there.a, there.b) == (auc(truth, a).value, auc(truth, b).value)
    assert back.difference == pytest.approx(-(there.difference or 0))
    if there.p is not None and there.low is not None and there.high is not None:
        assert back.p == pytest.approx(there.p)
        assert (there.low <= 0 <= there.high) == (there.p >= 0.05)


def test_a_classifier_does_not_differ_from_itself() -> None:
    truth, scores = [0, 0, 1, 1, 1], [1, 4, 3, 5, 2]
    found = auc_difference(truth, scores, np.exp(scores))
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_what_is_not_defined_is_left_out() -> None:
    assert auc_difference([1, 1], [1, 2], [2, 1]) == AucDifference()
    one = auc_difference([0, 0, 1], [1, 3, 2], [1, 2, 3])
    assert (one.difference, one.low, one.p) == (0.5, None, None)
    apart = auc_difference([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])
    assert (apart.difference, apart.low, apart.p) == (-1.0, None, None)
    assert auc_of_groups([0, 1, 1], [1, 2, 3], [0, 0, 1]) == AucDifference()
    assert auc_of_groups([0, 1], [1, 2], [0, 0]) == AucDifference()
    small = auc_of_groups([0, 1, 0, 1, 0, 1], range(6), [0, 0, 1, 1, 1, 1])
    assert (small.difference, small.p) == (-0.25, None)


def test_groups_differ_by_the_sum_of_their_variances() -> None:
    rng = np.random.default_rng(1)
    truth, group = rng.integers(0, 2, 200), rng.integers(0, 2, 200)
    scores = rng.normal(size=200) + truth * (0.3 + 1.7 * (1 - group))
    found = auc_of_groups(truth, scores, group)
    a, b = (auc(truth[group == name], scores[group == name]) for name in (0, 1))
    assert (found.a, found.b) == (a.value, b.value)
    assert a.value is not None
    assert a.low is not None
    assert b.value is not None
    assert b.low is not None
    half = np.hypot(a.value - a.low, b.value - b.low)
    assert found.low == pytest.approx(b.value - a.value - half)
    assert (found.p or 1) < 0.001


def test_of_classifiers_that_are_alike_one_in_twenty_is_called_worse() -> None:
    rng, called, of_groups = np.random.default_rng(0), 0, 0
    truth, group = np.repeat([0, 1], 40), np.tile([0, 1], 40)
    for _ in range(1000):
        shared = rng.normal(size=80) + truth
        a, b = shared + rng.normal(0, 0.7, (2, 80))
        called += (auc_difference(truth, a, b).p or 0) < 0.05
        of_groups += (auc_of_groups(truth, shared, group).p or 0) < 0.05
    assert 0.03 < called / 1000 < 0.07
    assert 0.03 < of_groups / 1000 < 0.08


def test_different_patients_are_refused() -> None:
    with pytest.raises(DataRefusedError, match="found 2 and 3"):
        auc_difference([0, 1], [0.1, 0.2], [0.1, 0.2, 0.3])
