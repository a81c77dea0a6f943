import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.classification.judge.conformal.risk_coverage import RiskCoverage, risk_coverage
from nnunet_ext.classification.judge.conformal.selective import selective
from nnunet_ext.classification.judge.top_label import top_label
from nnunet_ext.core.volume import Array
from tests.strategies import diagnosed


def test_a_curve_worked_by_hand_comes_out() -> None:
    found = risk_coverage([1, 1, 0, 1], [0.9, 0.8, 0.7, 0.6])
    assert found.coverage == (0.25, 0.5, 0.75, 1.0)
    assert found.risk == pytest.approx((0, 0, 1 / 3, 1 / 4))
    assert found.area == pytest.approx((1 / 3 + 1 / 4) / 4)
    assert found.excess == pytest.approx(1 / 3 / 4)  # put last, the error costs 1/4 at full coverage alone


@given(diagnosed(3, least=1, most=12))
def test_patients_as_sure_come_in_every_order(drawn: tuple[Array, Array]) -> None:
    right, certainty = top_label(*drawn)
    found = risk_coverage(right, certainty)
    rng, curves = np.random.default_rng(0), []
    for _ in range(400):
        order = np.lexsort((rng.uniform(size=right.size), -certainty))
        curves.append(np.cumsum(~right[order]) / np.arange(1, right.size + 1))
    assert np.allclose(np.mean(curves, axis=0), found.risk, atol=0.12)
    turned = risk_coverage(right[::-1], certainty[::-1])
    assert turned.risk == pytest.approx(found.risk)


@given(diagnosed(3, least=1))
def test_the_curve_ends_at_the_error_rate_and_no_order_beats_errors_last(drawn: tuple[Array, Array]) -> None:
    right, certainty = top_label(*drawn)
    found = risk_coverage(right, certainty)
    assert found.area is not None
    assert found.excess is not None
    assert found.risk[-1] == pytest.approx((~right).mean())
    best = risk_coverage(right, right.astype(float))
    assert best.excess == pytest.approx(0)
    assert best.area is not None
    assert found.area - found.excess == pytest.approx(best.area)
    worst = risk_coverage(right, ~right)
    assert worst.area is not None
    assert best.area - 1e-12 <= found.area <= worst.area + 1e-12


def test_of_no_patient_there_is_no_curve() -> None:
    assert risk_coverage([], []) == RiskCoverage((), (), None, None)


def test_abstention_is_judged_on_both_sides() -> None:
    found = selective([1, 1, 0, 0, 1], [1, 1, 1, 0, 0])
    assert found.decided.value == 0.6
    assert found.accuracy.value == pytest.approx(2 / 3)
    assert (found.accuracy_left_out.value, found.accuracy_left_out.count) == (0.5, 2)
    everyone = selective([1, 0], [1, 1])
    assert (everyone.decided.value, everyone.accuracy_left_out.value) == (1.0, None)
    assert selective([], []).accuracy.value is None
