import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.curves.paired_difference import paired_difference
from nnunet_ext.active_learning.curves.seed_interval import seed_interval

SEEDS_TO_VALUES = st.dictionaries(st.integers(0, 9), st.floats(0, 1), max_size=8)


def test_students_sleep_data_come_out() -> None:
    # Student 1908, Biometrika 6:1, the additional hours of sleep; R's t.test(paired = TRUE): t -4.0621, p 0.002833,
    # mean -1.58, interval -2.4599 to -0.7001.
    one = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    other = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = paired_difference(dict(enumerate(one)), dict(enumerate(other)))
    assert found.p == pytest.approx(0.002833, abs=1e-6)
    assert found.interval.mean == pytest.approx(-1.58)
    assert found.interval.low == pytest.approx(-2.4598858, abs=1e-6)
    assert found.interval.high == pytest.approx(-0.7001142, abs=1e-6)


@given(SEEDS_TO_VALUES, SEEDS_TO_VALUES)
def test_the_other_way_round_is_the_same_test(a: dict[int, float], b: dict[int, float]) -> None:
    one, other = paired_difference(a, b), paired_difference(b, a)
    assert one.p == pytest.approx(other.p)
    assert one.interval.count == other.interval.count == len(a.keys() & b.keys())
    if one.interval.mean is not None and other.interval.mean is not None:
        assert one.interval.mean == pytest.approx(-other.interval.mean)


@given(SEEDS_TO_VALUES)
def test_only_seeds_that_both_have_count(a: dict[int, float]) -> None:
    less = {seed: value / 2 for seed, value in a.items() if seed % 2}
    assert paired_difference(a, less).interval == seed_interval(
        [value - less[seed] for seed, value in sorted(a.items()) if seed in less]
    )


def test_one_seed_or_the_same_difference_in_all_is_no_test() -> None:
    assert paired_difference({1: 0.5}, {1: 0.4}).p is None
    assert paired_difference({1: 0.5, 2: 0.7}, {1: 0.5, 2: 0.7}).p is None
    gap = paired_difference({1: 0.3, 2: 0.2, 3: 0.9}, {1: 0.2, 2: 0.1, 3: 0.8})  # 0.3 - 0.2 is not 0.2 - 0.1 to the bit
    assert gap.p is None
    assert gap.interval.mean == pytest.approx(0.1)
