import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.curves.foreground_efficiency import foreground_efficiency


@given(st.floats(0.2, 5), st.sampled_from([1.0, 1e-3, 1e6]), st.floats(0, 0.5))
def test_the_rate_of_a_curve_of_that_form_comes_out_in_its_unit(rate: float, unit: float, start: float) -> None:
    effort = unit * np.array([3.0, 3.5, 4.0, 5.0])
    values = 0.8 - (0.8 - start) * np.exp(-rate / unit * (effort - effort[0]))
    assert foreground_efficiency(effort.tolist(), values.tolist(), 0.8) == pytest.approx(rate / unit, rel=1e-4)


def test_half_of_what_was_missing_after_one_unit_is_the_logarithm_of_two() -> None:
    assert foreground_efficiency([0, 1], [0.4, 0.6], 0.8) == pytest.approx(np.log(2))


def test_who_reaches_the_same_with_half_the_drawing_is_twice_as_efficient() -> None:
    values = [0.2, 0.5, 0.6]
    slow, fast = (foreground_efficiency([0, step, 2 * step], values, 0.9) for step in (2000, 1000))
    assert slow is not None
    assert fast == pytest.approx(2 * slow)


def test_a_metric_that_falls_has_a_negative_rate() -> None:
    assert (foreground_efficiency([0, 1, 2], [0.5, 0.4, 0.3], 0.9) or 0) < 0


def test_nothing_to_learn_or_no_effort_has_no_rate() -> None:
    assert foreground_efficiency([], [], 0.9) is None
    assert foreground_efficiency([5, 5], [0.1, 0.2], 0.9) is None
    assert foreground_efficiency([0, 5], [0.9, 0.95], 0.9) is None
