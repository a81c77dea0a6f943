from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nnunet_ext.evaluation.agreement.confidence_interval import Bootstrap, bootstrap_interval


def test_the_interval_of_a_mean_comes_near_students() -> None:
    values = np.random.default_rng(0).normal(10, 2, 200)
    found = bootstrap_interval(np.mean, [values], Bootstrap(4000, 1))
    half = 1.97 * values.std(ddof=1) / np.sqrt(200)
    assert found.method == "BCa"
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_same_seed_gives_the_same_interval_and_another_one_another() -> None:
    values = np.random.default_rng(0).normal(size=20)
    first, again, other = (bootstrap_interval(np.mean, [values], Bootstrap(500, seed)) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_equal_values_have_an_interval_of_no_width() -> None:
    found = bootstrap_interval(np.median, [np.full(9, 2.5)], Bootstrap(100, 0))
    assert (found.low, found.high, found.method) == (2.5, 2.5, "constant")


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_subjects_have_no_interval(count: int) -> None:
    found = bootstrap_interval(np.mean, [np.ones(count)], Bootstrap(100, 0))
    assert (found.low, found.high, found.method) == (None, None, "n/a")


def test_resamples_without_a_value_are_left_out_and_the_method_says_so() -> None:
    values = np.array([1.0, 2.0, 2.0])

    def undefined_where_constant(sample: Any, axis: int = -1) -> Any:  # noqa: ANN401
        return np.where(np.ptp(sample, axis=axis) == 0, np.nan, np.mean(sample, axis=axis))

    found = bootstrap_interval(undefined_where_constant, [values], Bootstrap(400, 0))
    assert found.method == "percentile"
    assert found.low is not None
    assert 1 < found.low < 2


@pytest.mark.parametrize("unit", [0.1, 0.7, 1e-5, 3e6])
@pytest.mark.parametrize("statistic", [np.mean, np.median])
def test_the_unit_of_few_values_does_not_move_the_ends(statistic: Callable[..., Any], unit: float) -> None:
    """A mean of the same values in another order is the same mean: such resamples count half as below it."""
    for seed in range(5):
        values = np.random.default_rng(seed).integers(-3, 4, 6).astype(float)
        whole = bootstrap_interval(statistic, [values], Bootstrap(400, seed))
        scaled = bootstrap_interval(statistic, [values * unit], Bootstrap(400, seed))
        assert scaled.method == whole.method
        assert (scaled.low, scaled.high) == pytest.approx((unit * (whole.low or 0), unit * (whole.high or 0)), rel=1e-9)


def test_resamples_that_are_the_sample_count_half() -> None:
    """Spelled out in whole tenths, where no digit is lost: Efron 1987, equations 2.3 and 6.6."""
    seed, tenths = 0, np.array([1.0, 2.0, 3.0, 7.0, 9.0, 12.0])
    found = bootstrap_interval(np.mean, [tenths / 10], Bootstrap(2000, seed))
    drawn = stats.bootstrap(
        (tenths,), np.sum, n_resamples=2000, vectorized=True, method="percentile",
        random_state=np.random.default_rng(seed),
    ).bootstrap_distribution  # fmt: skip
    below = (np.count_nonzero(drawn < tenths.sum()) + np.count_nonzero(drawn == tenths.sum()) / 2) / drawn.size
    without = tenths.sum() - tenths
    apart = without.mean() - without
    acceleration = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5)
    middle = stats.norm.ppf(below)
    shifted = [middle + stats.norm.ppf(end) for end in (0.025, 0.975)]
    ends = [stats.norm.cdf(middle + z / (1 - acceleration * z)) for z in shifted]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, ends) / 60))


def test_many_subjects_are_resampled_in_batches_of_bounded_size() -> None:
    sizes = []

    def watched(sample: Any, axis: int = -1) -> Any:  # noqa: ANN401
        sizes.append(sample.size)
        return np.mean(sample, axis=axis)

    bootstrap_interval(watched, [np.random.default_rng(0).normal(size=2001)], Bootstrap(3000, 0))
    assert max(sizes) <= 4_004_001  # the jackknife holds n^2 numbers, a batch of resamples no more than 4 million
