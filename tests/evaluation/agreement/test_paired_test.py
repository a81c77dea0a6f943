import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.evaluation.agreement.confidence_interval import Bootstrap
from nnunet_ext.evaluation.agreement.paired_test import PairedTest, paired_test
from tests.strategies import pairs

FEW = Bootstrap(100, 0)
PAIRS = pairs(-50, 50, 1, 20)

# Hamilton depression scores before and after a tranquillizer, Hollander and Wolfe 1973, table 3.1.
BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]


def test_a_published_example_comes_out() -> None:
    done = paired_test(BEFORE, AFTER, FEW)
    # Hollander and Wolfe 1973, examples 3.1 and 3.3: rank sums 40 and 5, one-sided p 0.020, estimate -0.46.
    assert done.wilcoxon_w == 5
    assert done.p == pytest.approx(2 * 0.0195, abs=1e-4)
    assert done.hodges_lehmann == pytest.approx(-0.46, abs=1e-9)
    assert done.rank_biserial == pytest.approx((5 - 40) / 45)  # Kerby 2014: favourable less unfavourable share


def test_cohens_dz_is_the_mean_over_the_standard_deviation_of_differences() -> None:
    assert paired_test([0, 0, 0], [1, 2, 3], FEW).cohen_dz == pytest.approx(2.0)


def test_no_difference_at_all_has_p_one_and_no_nan() -> None:
    done = paired_test([0.1, 0.2, 0.3] * 4, [0.1, 0.2, 0.3] * 4, FEW)
    assert (done.p, done.rank_biserial, done.cohen_dz, done.n_nonzero) == (1.0, 0.0, 0.0, 0)
    assert (done.difference_low, done.difference_high) == (0.0, 0.0)
    assert done.normality_p is None
    assert done.note == "all differences are the same: normality not tested"


def test_equal_differences_tie_whatever_the_last_digit_says() -> None:
    assert 0.3 - 0.2 != 0.2 - 0.1
    done = paired_test([0.2, 0.1, 0.9], [0.3, 0.2, 0.8], FEW)
    assert done.rank_biserial == pytest.approx(1 / 3)  # three ranks of 2: two for b, one for a


def test_digits_that_only_rounding_has_made_are_no_difference() -> None:
    assert paired_test([0.1 + 0.2] * 8, [0.3] * 8, FEW).p == 1.0


def test_normality_needs_eight_subjects_and_says_so() -> None:
    rng = np.random.default_rng(0)
    seven = paired_test(np.zeros(7), rng.normal(size=7), FEW)
    assert seven.normality_p is None
    assert seven.note == "7 subjects: normality needs 8"
    assert paired_test(np.zeros(8), rng.normal(size=8), FEW).normality_p is not None


def test_differences_far_from_normal_are_seen() -> None:
    rng = np.random.default_rng(1)
    assert (paired_test(np.zeros(60), rng.exponential(size=60) ** 3, FEW).normality_p or 1) < 1e-3
    assert (paired_test(np.zeros(60), rng.normal(size=60), FEW).normality_p or 0) > 0.05


def test_one_subject_has_a_difference_and_neither_interval_nor_spread() -> None:
    done = paired_test([1.0], [3.0], FEW)
    assert (done.mean_difference, done.sd_a, done.cohen_dz) == (2.0, None, None)
    assert done.mean_difference_low is None


def test_no_subject_gives_no_figures_and_no_error() -> None:
    done = paired_test([], [], FEW)
    assert (done.n_nonzero, done.p, done.mean_difference, done.cohen_dz) == (0, None, None, None)
    assert done.note == "no subject"


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0, 2.0]), ([np.nan], [1.0]), ([1.0], [np.inf])])
def test_uneven_or_missing_values_are_refused(a: list[float], b: list[float]) -> None:
    with pytest.raises(DataRefusedError, match="needed"):
        paired_test(a, b, FEW)


@given(PAIRS)
def test_swapping_the_methods_turns_every_sign(pairs: list[tuple[int, int]]) -> None:
    a, b = zip(*pairs, strict=True)
    there, back = paired_test(a, b, FEW), paired_test(b, a, FEW)
    assert there.p == back.p
    assert there.wilcoxon_w == back.wilcoxon_w
    for name in ("mean_difference", "median_difference", "hodges_lehmann", "rank_biserial", "cohen_dz"):
        one, other = getattr(there, name), getattr(back, name)
        assert (one is None) == (other is None)
        assert one is None or one == pytest.approx(-other)


@given(PAIRS)
def test_figures_stay_within_their_bounds(pairs: list[tuple[int, int]]) -> None:
    a, b = zip(*pairs, strict=True)
    done = paired_test(a, b, FEW)
    assert done.p is not None
    assert 0 <= done.p <= 1
    assert done.rank_biserial is not None
    assert -1 <= done.rank_biserial <= 1
    assert _ordered(done)


@given(PAIRS, st.sampled_from([0.001, 7.0, 1e6]))
def test_the_unit_of_the_values_does_not_change_the_test(pairs: list[tuple[int, int]], factor: float) -> None:
    a, b = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
    one, scaled = paired_test(a, b, FEW), paired_test(factor * a, factor * b, FEW)
    assert scaled.p == pytest.approx(one.p)
    assert scaled.rank_biserial == pytest.approx(one.rank_biserial)
    assert scaled.mean_difference == pytest.approx(factor * (one.mean_difference or 0))


def _ordered(done: PairedTest) -> bool:
    low, high = done.mean_difference_low, done.mean_difference_high
    return low is None or high is None or low <= high
