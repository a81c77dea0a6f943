import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics

from nnunet_ext.classification.judge.confusion import confusion
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.many_class import many_class
from nnunet_ext.classification.judge.two_class import two_class
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from tests.strategies import diagnosed


def patients(tp: int, fn: int, tn: int, fp: int) -> tuple[Array, Array]:
    truth = np.repeat([1, 1, 0, 0], [tp, fn, tn, fp])
    return truth, np.repeat([1, 0, 0, 1], [tp, fn, tn, fp])


def test_the_tumours_of_the_published_test_set_come_out() -> None:
    """Zhuo et al. 2022, astrocytoma or ependymoma: accuracy 65/79, sensitivity 34/45, specificity 31/34."""
    found = two_class(*patients(34, 11, 31, 3))
    assert found.accuracy.value == 65 / 79
    assert (found.sensitivity.value, found.specificity.value) == (34 / 45, 31 / 34)
    assert (found.ppv.value, found.npv.value) == (34 / 37, 31 / 42)
    assert (found.sensitivity.count, found.ppv.count, found.accuracy.count) == (45, 37, 79)


def test_the_interval_of_balanced_accuracy_is_newcombes_of_a_difference() -> None:
    """Newcombe 1998 (Stat. Med. 17:873), table II, method 10: 56/70 less 48/80 is 0.2, 0.0524 to 0.3339."""
    found = two_class(*patients(56, 14, 32, 48)).balanced_accuracy
    assert found.value == pytest.approx((0.2 + 1) / 2)
    assert found.low is not None
    assert found.high is not None
    assert (2 * found.low - 1, 2 * found.high - 1) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(diagnosed(2, least=1))
def test_two_classes_are_judged_as_scikit_learn_does(drawn: tuple[Array, Array]) -> None:
    truth, probabilities = drawn
    decided = probabilities.argmax(axis=1)
    found = two_class(truth, decided)
    assert found.accuracy.value == pytest.approx(metrics.accuracy_score(truth, decided))
    for figure, score, label in (
        (found.sensitivity, metrics.recall_score, 1),
        (found.specificity, metrics.recall_score, 0),
        (found.ppv, metrics.precision_score, 1),
        (found.npv, metrics.precision_score, 0),
    ):
        there = score(truth, decided, pos_label=label, zero_division=np.nan)
        assert (figure.value is None) == bool(np.isnan(there))
        assert figure.value is None or figure.value == pytest.approx(there)
    if len(set(truth)) == 2:
        assert found.balanced_accuracy.value == pytest.approx(metrics.balanced_accuracy_score(truth, decided))


@given(diagnosed(4, least=1))
def test_several_classes_are_judged_as_scikit_learn_does(drawn: tuple[Array, Array]) -> None:
    truth, probabilities = drawn
    decided = probabilities.argmax(axis=1)
    found = many_class(truth, decided, 4)
    counts = confusion(truth, decided, 4)
    assert np.array_equal(counts, metrics.confusion_matrix(truth, decided, labels=range(4)))
    assert found.accuracy.value == pytest.approx(np.trace(counts) / counts.sum())
    assert len(found.by_class) == 4
    if len(set(truth)) == 4:
        assert found.balanced_accuracy.value == pytest.approx(metrics.balanced_accuracy_score(truth, decided))
    else:
        assert found.balanced_accuracy == Estimate(None, None, None, len(truth), "n/a")


@given(diagnosed(2))
def test_two_classes_told_as_many_are_the_same(drawn: tuple[Array, Array]) -> None:
    truth, decided = drawn[0], drawn[1].argmax(axis=1)
    assert many_class(truth, decided, 2).by_class[1] == two_class(truth, decided)
    assert many_class(truth, decided, 2).balanced_accuracy.value == two_class(truth, decided).balanced_accuracy.value


def test_of_one_class_alone_only_its_share_is_given() -> None:
    found = two_class([1, 1, 1], [1, 0, 1])
    assert found.sensitivity.value == pytest.approx(2 / 3)
    assert (found.specificity.value, found.balanced_accuracy.value, found.balanced_accuracy.low) == (None, None, None)
    assert (found.ppv.value, found.npv.value) == (1.0, 0.0)


def test_of_no_patient_nothing_is_given() -> None:
    found = many_class([], [], 3)
    assert (found.accuracy.value, found.balanced_accuracy.value) == (None, None)
    assert confusion([], [], 3).tolist() == [[0] * 3] * 3


@pytest.mark.parametrize(
    ("truth", "decided", "said"),
    [
        ([0, 1], [0], "found 2 and 1"),
        ([0, 2], [0, 1], "0 to 1"),
        ([0, 1], [0, -1], "-1"),
        ([0, 1.5], [0, 1], "1.5"),
        ([0, np.nan], [0, 1], "nan"),
        ([0, 1], ["MS", "NMOSD"], "MS"),
        ([[0, 1]], [0, 1], "shape"),
    ],
)
def test_what_is_no_class_is_refused(truth: list[float], decided: list[float], said: str) -> None:
    with pytest.raises(DataRefusedError, match=said):
        two_class(truth, decided)
