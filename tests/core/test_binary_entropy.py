import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.binary_entropy import binary_entropy


@pytest.mark.parametrize(("probability", "nats"), [(0.1, 0.325), (0.9, 0.325), (0.5, math.log(2)), (0, 0), (1, 0)])
def test_doubt_counts_the_same_inside_and_outside_a_region(probability: float, nats: float) -> None:
    assert binary_entropy(np.array([probability]))[0] == pytest.approx(nats, abs=5e-4)


@given(st.floats(0, 1, width=32))
def test_it_is_symmetric_and_lies_between_nothing_and_a_coin(probability: float) -> None:
    values = np.array([probability, 1 - np.float32(probability)], np.float32)
    one, other = binary_entropy(values)
    assert one == pytest.approx(other, abs=1e-6)
    assert 0 <= one <= np.float32(math.log(2)) * 1.000001
    assert binary_entropy(values).dtype == np.float32


def test_what_it_is_asked_of_stays_as_it_is() -> None:
    values = np.array([0.25, 0.75])
    binary_entropy(values)
    assert values.tolist() == [0.25, 0.75]
