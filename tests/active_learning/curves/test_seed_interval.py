import pytest

from nnunet_ext.active_learning.curves.seed_interval import seed_interval


def test_the_interval_of_three_seeds_by_hand() -> None:
    # t(0.975, 2) is 4.3027 in every table; the standard deviation of 1, 2, 3 is 1.
    found = seed_interval([1, 2, 3])
    assert (found.mean, found.count) == (2, 3)
    assert found.low == pytest.approx(2 - 4.3027 / 3**0.5, abs=1e-4)
    assert found.high == pytest.approx(2 + 4.3027 / 3**0.5, abs=1e-4)


def test_one_seed_has_no_interval_and_none_has_no_mean() -> None:
    one, none = seed_interval([0.5]), seed_interval([])
    assert (one.mean, one.low, one.high, one.count) == (0.5, None, None, 1)
    assert (none.mean, none.low, none.high, none.count) == (None, None, None, 0)
