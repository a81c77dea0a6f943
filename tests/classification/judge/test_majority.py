import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from nnunet_ext.classification.judge.majority import against_majority
from nnunet_ext.core.volume import Array
from tests.strategies import diagnosed


def test_saying_always_the_commonest_is_no_better_than_that() -> None:
    truth = np.repeat([0, 1], [30, 10])
    found = against_majority(truth, np.zeros(40, int), 2)
    assert (found.accuracy.value, found.majority) == (0.75, 0.75)
    assert (found.p or 0) > 0.5
    right = against_majority(truth, truth, 2)
    assert right.p == pytest.approx(0.75**40)


def test_the_commonest_in_training_may_be_rare_here() -> None:
    truth = np.repeat([0, 1], [30, 10])
    found = against_majority(truth, truth, 2, commonest=1)
    assert found.majority == 0.25
    absent = against_majority([0, 0], [0, 1], 3, commonest=2)
    assert (absent.majority, absent.p) == (0.0, 0.0)


@given(diagnosed(3))
def test_it_is_scipys_exact_test(drawn: tuple[Array, Array]) -> None:
    truth, decided = drawn[0], drawn[1].argmax(axis=1)
    found = against_majority(truth, decided, 3)
    if not truth.size:
        assert (found.accuracy.value, found.majority, found.p) == (None, None, None)
        return
    share = np.bincount(truth).max() / truth.size
    right = int((truth == decided).sum())
    assert found.majority == pytest.approx(share)
    assert found.p == pytest.approx(stats.binomtest(right, truth.size, share, alternative="greater").pvalue)
