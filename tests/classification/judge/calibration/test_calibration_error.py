import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from nnunet_ext.classification.judge.calibration.brier import Brier, brier
from nnunet_ext.classification.judge.calibration.ece import CalibrationError, ece
from nnunet_ext.classification.judge.calibration.equal_mass import equal_mass
from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.judge.calibration.reliability import reliability
from nnunet_ext.core.volume import Array
from tests.strategies import SEEDS, diagnosed

_NUMBERS = np.arange(200)
SAID = 0.5 + 0.5 * ((_NUMBERS * 73) % 200 + 0.5) / 200
"""All different, from 0.5 to 1."""
CAME = ((_NUMBERS * 37) % 200) / 200 < SAID**2


def both(said: Array) -> Array:
    return np.stack([1 - said, said], axis=1)


def test_other_peoples_errors_come_out() -> None:
    """uncertainty-calibration 0.1.4, 10 equal bins: get_ece_em (top-label, marginal), and p=2 with debias=True."""
    found = ece(CAME.astype(int), both(SAID))
    assert found.top_label == pytest.approx(0.16499999999999995)
    assert found.classwise == pytest.approx(0.16499999999999998)
    assert found.debiased == pytest.approx(0.14552536403990665)


def test_chance_makes_the_error_large_and_the_debiased_one_is_near_nothing() -> None:
    rng, plain, debiased = np.random.default_rng(0), [], []
    for _ in range(200):
        said = rng.uniform(0.5, 1, 100)
        found = ece((rng.uniform(size=100) < said).astype(int), both(said))
        plain.append(found.top_label or 0)
        debiased.append((found.debiased or 0) ** 2)
    assert np.mean(plain) > 0.08
    assert np.sqrt(np.mean(debiased)) < 0.07


@given(st.lists(st.integers(0, 12)), st.integers(1, 12))
def test_bins_rise_with_the_values_keep_those_alike_together_and_hold_two_or_more(values: list[int], bins: int) -> None:
    found = equal_mass(np.array(values, dtype=float), bins)
    for value, number in zip(values, found, strict=True):
        assert all(other >= number for larger, other in zip(values, found, strict=True) if larger >= value)
    counts = np.bincount(found)
    assert counts.size <= bins
    assert (counts >= 2).all() or len(values) < 2


def test_bins_of_different_values_have_the_same_size() -> None:
    assert np.bincount(equal_mass(SAID, 10)).tolist() == [20] * 10


@given(diagnosed(3, least=1))
def test_the_table_holds_every_patient_once_and_sums_to_the_error(drawn: tuple[Array, Array]) -> None:
    truth, probabilities = drawn
    table = reliability(truth == 1, probabilities[:, 1], 5)
    assert sum(each.came.count for each in table) == truth.size
    assert all(each.low <= each.said + 1e-12 and each.said <= each.high + 1e-12 for each in table)
    assert [each.low for each in table] == sorted(each.low for each in table)
    mean = sum(each.came.count * (each.came.value or 0) for each in table) / truth.size
    assert mean == pytest.approx((truth == 1).mean())


@given(diagnosed(3, least=1), SEEDS)
def test_the_order_of_patients_changes_nothing(drawn: tuple[Array, Array], seed: int) -> None:
    truth, probabilities = drawn
    order = np.random.default_rng(seed).permutation(truth.size)
    there, here = ece(truth, probabilities), ece(truth[order], probabilities[order])
    assert (here.top_label, here.classwise) == pytest.approx((there.top_label, there.classwise))
    assert 0 <= (there.top_label or 0) <= 1
    assert brier(truth[order], probabilities[order]).resolution == pytest.approx(brier(truth, probabilities).resolution)


@given(diagnosed(3, least=1))
def test_the_parts_of_the_score_sum_up_and_it_is_scikit_learns(drawn: tuple[Array, Array]) -> None:
    truth, probabilities = drawn
    found = brier(truth, probabilities)
    assert found.score is not None
    assert found.reliability is not None
    assert found.resolution is not None
    assert found.uncertainty is not None
    assert found.score == pytest.approx(found.reliability - found.resolution + found.uncertainty)
    assert found.score == pytest.approx(metrics.brier_score_loss(truth, probabilities, labels=range(3)))
    assert log_loss(truth, probabilities) == pytest.approx(metrics.log_loss(truth, probabilities, labels=range(3)))


@given(diagnosed(2, least=1))
def test_of_two_classes_the_score_is_that_of_one_of_them(drawn: tuple[Array, Array]) -> None:
    truth, probabilities = drawn
    assert brier(truth, probabilities).score == pytest.approx(((probabilities[:, 1] - truth) ** 2).mean())


def test_saying_each_classs_share_to_all_scores_the_uncertainty() -> None:
    truth = np.repeat([0, 1, 2], [5, 3, 2])
    found = brier(truth, np.tile([0.5, 0.3, 0.2], (10, 1)))
    assert found.score == pytest.approx(1 - 0.25 - 0.09 - 0.04)
    assert (found.reliability, found.resolution) == pytest.approx((0, 0))
    assert found.uncertainty == pytest.approx(found.score)


def test_of_no_patient_and_of_one_what_is_not_defined_is_left_out() -> None:
    nobody = np.empty((0, 2))
    assert ece([], nobody) == CalibrationError(None, None, None)
    assert brier([], nobody) == Brier(None, None, None, None)
    assert log_loss([], nobody) is None
    assert reliability([], []) == ()
    one = ece([1], [[0.4, 0.6]])
    assert one.top_label == pytest.approx(0.4)
    assert one.debiased is None


def test_a_truth_that_was_called_impossible_costs_much_and_not_everything() -> None:
    assert log_loss([1], [[1.0, 0.0]]) == pytest.approx(36.04, abs=0.01)
