import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.rounding import at_least, more_than, whole_up

LIMITS = st.floats(1e-3, 1e6)


@given(LIMITS)
def test_the_limit_in_32_bits_is_still_the_limit(limit: float) -> None:
    stored = float(np.float32(limit))
    assert at_least(stored, limit)
    assert not more_than(stored, limit)


@given(LIMITS, st.floats(1e-5, 1))
def test_what_differs_by_more_than_rounding_is_told_apart(limit: float, share: float) -> None:
    assert more_than(limit * (1 + share), limit)
    assert not at_least(limit * (1 - share), limit)


def test_arrays_are_compared_value_by_value() -> None:
    values = np.array([0.9, 0.9999999, 1.0000001, 1.1])
    assert at_least(values, 1.0).tolist() == [False, True, True, True]
    assert more_than(values, 1.0).tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("value", "whole"), [(0.0, 0), (1e-9, 0), (0.1, 1), (2.0, 2), (500.00003, 500), (500.01, 501), (1.0000001, 1)]
)
def test_a_number_that_is_whole_but_for_rounding_is_that_number(value: float, whole: int) -> None:
    assert whole_up(value) == whole
