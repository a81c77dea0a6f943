import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.phantom.painting.look import Slices
from nnunet_ext.phantom.painting.stack import Stack

SHAPE, SPACING = (24, 10, 12), (2.0, 1.0, 1.0)
STACKS = st.builds(
    lambda axis, mm, filled, start, blocks: Stack(Slices(axis, mm, filled), SHAPE, SPACING, start, blocks),
    st.integers(0, 2), st.floats(2.1, 17.0), st.floats(0.75, 1.0), st.floats(0.0, 0.99), st.booleans(),
)  # fmt: skip


@given(STACKS, st.floats(-5, 5))
def test_what_is_the_same_everywhere_stays_so(stack: Stack, value: float) -> None:
    even = np.full(SHAPE, value, dtype=np.float32)
    back = stack.spread(stack.measure(even))
    assert back.shape == SHAPE
    np.testing.assert_allclose(back, even, atol=1e-4)


@given(STACKS)
def test_slices_never_leave_the_range_of_what_they_measure(stack: Stack) -> None:
    values = np.random.default_rng(0).uniform(0, 1, SHAPE).astype(np.float32)
    back = stack.spread(stack.measure(values))
    assert values.min() - 1e-4 <= back.min()
    assert back.max() <= values.max() + 1e-4


def test_a_slice_is_the_mean_of_what_lies_in_it() -> None:
    stack = Stack(Slices(0, thickness_mm=8.0, filled=1.0), SHAPE, SPACING, start=0.0, blocks=True)
    values = np.random.default_rng(0).uniform(0, 1, SHAPE).astype(np.float32)
    back = stack.spread(stack.measure(values))
    expected = np.repeat(values.reshape(6, 4, 10, 12).mean(axis=1), 4, axis=0)
    np.testing.assert_allclose(back, expected, rtol=1e-4)
