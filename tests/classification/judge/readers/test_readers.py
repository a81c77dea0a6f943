import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.many_class import many_class
from nnunet_ext.classification.judge.readers.cohen import cohen
from nnunet_ext.classification.judge.readers.difficult import difficult
from nnunet_ext.classification.judge.readers.each_reader import each_reader
from nnunet_ext.classification.judge.readers.fleiss import fleiss
from nnunet_ext.classification.judge.readers.majority_vote import majority_vote
from nnunet_ext.classification.judge.readers.readings import UNREAD
from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from tests.strategies import SEEDS

FEW = Resampling(times=50)
READINGS = SEEDS.flatmap(
    lambda seed: st.tuples(st.integers(0, 25), st.integers(1, 4)).map(
        lambda shape: np.random.default_rng(seed).integers(-1, 3, shape)
    )
)

# votes of 14 readers for 5 classes in 10 patients; kappa = 0.210 (Fleiss' kappa, Wikipedia, worked example)
VOTES = (
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
)  # fmt: skip

# statsmodels 0.15.0, fleiss_kappa(aggregate_raters(...)): 0.25209542230818816
FOUR_READERS = (
    "2222 1121 1022 0222 1021 2222 2222 1001 0102 0001 0000 2212 0212 2000 1121 2221 0221 2220 0021 1111"
)  # fmt: skip


def test_published_kappas_come_out() -> None:
    readings = np.array([np.repeat(range(5), row) for row in VOTES])
    assert fleiss(readings, 5, FEW).value == pytest.approx(0.210, abs=5e-4)
    two = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [20, 5, 10, 15], axis=0)
    assert cohen(two, 2, FEW).value == pytest.approx(0.4)  # Cohen's kappa, Wikipedia, simple example


def test_four_readers_agree_as_statsmodels_says() -> None:
    readings = np.array([[int(vote) for vote in row] for row in FOUR_READERS.split()])
    found = fleiss(readings, 3, Resampling(500))
    assert found.value == pytest.approx(0.25209542230818816)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.2521 < found.high


@given(READINGS)
def test_two_readers_agree_as_scikit_learn_says(readings: Array) -> None:
    two = np.concatenate([readings, readings[:, ::-1]], axis=1)[:, [0, -2]]
    both = two[(two != UNREAD).all(axis=1)]
    found = cohen(two, 3, FEW)
    assert found.count == len(both)
    if not len(both) or (both == both[0, 0]).all():
        assert found == Estimate(None, None, None, len(both), "n/a")
    else:
        assert found.value == pytest.approx(metrics.cohen_kappa_score(*both.T, labels=range(3)))


@given(READINGS)
def test_readers_who_agree_have_a_kappa_of_one_and_no_difficult_case(readings: Array) -> None:
    alike = np.repeat(readings[:, :1], 3, axis=1)
    found = fleiss(alike, 3, FEW)
    assert found.value is None or found.value == pytest.approx(1)
    assert not difficult(alike, 3).any()
    assert np.array_equal(majority_vote(alike, 3), alike[:, 0])


@given(READINGS)
def test_the_majority_has_more_votes_than_any_other_and_the_order_of_readers_is_nothing(readings: Array) -> None:
    found, hard = majority_vote(readings, 3), difficult(readings, 3)
    assert np.array_equal(found, majority_vote(readings[:, ::-1], 3))
    assert np.array_equal(hard, difficult(readings[:, ::-1], 3))
    for row, vote, several in zip(readings, found, hard, strict=True):
        counts = sorted((int((row == number).sum()) for number in range(3)), reverse=True)
        assert several == (len({*row} - {UNREAD}) > 1)
        if vote == UNREAD:
            assert counts[0] == counts[1]
        else:
            assert (row == vote).sum() == counts[0] > counts[1]


def test_each_reader_is_judged_on_what_that_reader_read() -> None:
    truth = [0, 1, 1, 0]
    first, second = each_reader(truth, [[0, UNREAD], [1, 0], [0, 1], [0, UNREAD]], 2)
    assert first == many_class(truth, [0, 1, 0, 0], 2)
    assert (second.accuracy.value, second.accuracy.count) == (0.5, 2)
    assert second.by_class[1].specificity.value is None


def test_too_few_readers_or_patients_have_no_kappa() -> None:
    assert fleiss([[0], [1]], 2, FEW).value is None
    assert fleiss(np.empty((0, 3)), 2, FEW) == Estimate(None, None, None, 0, "n/a")
    assert fleiss([[0, UNREAD], [UNREAD, 1]], 2, FEW).value is None
    assert fleiss([[1, 1], [1, 1]], 2, FEW).value is None
    for kappa in (fleiss, cohen):
        one = kappa([[0, 1]], 2, FEW)
        assert one == Estimate(one.value, None, None, 1, "n/a")
        assert one.value is not None


def test_what_is_no_reading_is_refused() -> None:
    with pytest.raises(DataRefusedError, match="readers"):
        difficult([0, 1], 2)
    with pytest.raises(DataRefusedError, match="class numbers"):
        difficult([[0, 2]], 2)
    with pytest.raises(DataRefusedError, match="found 2 and 1"):
        each_reader([0, 1], [[0, 1]], 2)
