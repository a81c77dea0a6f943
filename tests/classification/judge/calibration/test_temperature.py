import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from nnunet_ext.classification.judge.calibration.ece import ece
from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.judge.calibration.temper import temper
from nnunet_ext.classification.judge.calibration.temperature import LIMIT, fit_temperature
from nnunet_ext.core.volume import Array
from tests.strategies import SEEDS, diagnosed


def too_sure(count: int, seed: int, times: float, classes: int = 3) -> tuple[Array, Array]:
    """Draw patients whose logits are so many times too large."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (count, classes))
    chance = special.softmax(logits, axis=1)
    truth = (rng.uniform(size=(count, 1)) > chance.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1)
    return truth, special.softmax(times * logits, axis=1)


def test_a_model_that_is_three_times_too_sure_is_mended_on_other_patients() -> None:
    found = fit_temperature(*too_sure(400, 0, 3.0))
    assert found.value == pytest.approx(3, rel=0.2)
    assert found.note is None
    truth, probabilities = too_sure(400, 1, 3.0)
    before, after = ece(truth, probabilities), ece(truth, temper(probabilities, found.value))
    assert before.top_label is not None
    assert after.top_label is not None
    assert after.top_label < before.top_label / 2


@given(SEEDS, st.floats(0.3, 4))
def test_no_other_temperature_has_a_smaller_loss(seed: int, times: float) -> None:
    truth, probabilities = too_sure(60, seed, times)
    found = fit_temperature(truth, probabilities)
    assert found.before is not None
    assert found.after is not None
    assert found.after <= found.before + 1e-12
    there = optimize.minimize_scalar(
        lambda log: log_loss(truth, temper(probabilities, np.exp(log))) or 0.0, bounds=(-3, 3), method="bounded"
    )
    if found.note is None:
        assert found.after == pytest.approx(there.fun, abs=1e-6)


@given(diagnosed(4), st.floats(0.05, 20))
def test_the_ranking_of_classes_stays_and_rows_sum_to_one(drawn: tuple[Array, Array], temperature: float) -> None:
    probabilities = drawn[1]
    found = temper(probabilities, temperature)
    assert np.allclose(found.sum(axis=1), 1)
    higher = probabilities[:, :, np.newaxis] > probabilities[:, np.newaxis, :]
    assert (found[:, :, np.newaxis] >= found[:, np.newaxis, :])[higher].all()
    assert np.allclose(temper(temper(probabilities, 2.0), 0.5), probabilities, atol=1e-9)


@given(diagnosed(3))
def test_whatever_the_patients_the_temperature_is_within_its_limits(drawn: tuple[Array, Array]) -> None:
    found = fit_temperature(*drawn)
    assert 1 / LIMIT <= found.value <= LIMIT
    assert (found.after is None) == (drawn[0].size == 0)


def test_what_has_no_best_temperature_is_said() -> None:
    right = np.array([[0.9, 0.1], [0.2, 0.8]])
    none, apart = fit_temperature([], np.empty((0, 2))), fit_temperature([0, 1], right)
    assert (none.value, none.note) == (1.0, "no patient")
    assert (apart.value, apart.note) == (1.0, "all patients are decided right")
    wrong = fit_temperature([1, 0], right)
    assert (wrong.value, wrong.note) == (LIMIT, "no better than chance: at its upper limit")
    timid = np.tile([0.501, 0.499], (100, 1))
    cold = fit_temperature([0] * 99 + [1], timid)
    assert (cold.value, cold.note) == (1 / LIMIT, "at its lower limit")


def test_probabilities_of_zero_stay_finite() -> None:
    assert np.isfinite(temper(np.array([[1.0, 0.0]]), 3.0)).all()
    assert fit_temperature([1, 0, 0], [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]).value > 1
