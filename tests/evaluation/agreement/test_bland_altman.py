import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.evaluation.agreement.bland_altman import bland_altman
from tests.strategies import pairs

# Peak expiratory flow (l/min) of 17 subjects, first measurements: Bland and Altman 1986, Lancet 327:307, table I.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
PAIRS = pairs(0, 90)


def test_the_published_example_comes_out() -> None:
    found = bland_altman(MINI, WRIGHT)  # the paper subtracts the mini meter from the large one
    assert found.bias == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    assert found.bias_low == pytest.approx(-22.0, abs=0.1)
    assert found.bias_high == pytest.approx(17.8, abs=0.1)
    # The paper rounds 1.96 to 2 and has -79.7 and 75.5, with -114.3 to -45.1 about the lower one.
    assert found.limit_low == pytest.approx(-79.7 + 0.04 * 38.8, abs=0.1)
    assert found.limit_high == pytest.approx(75.5 - 0.04 * 38.8, abs=0.1)
    assert found.limit_low_low == pytest.approx(-114.3 + 0.04 * 38.8, abs=0.5)
    assert found.limit_low_high == pytest.approx(-45.1 + 0.04 * 38.8, abs=0.5)


def test_a_bias_that_grows_with_the_size_has_a_slope() -> None:
    a = np.arange(1.0, 21.0)
    grown = bland_altman(a, 1.5 * a)
    assert grown.slope == pytest.approx(0.5 / 1.25)
    assert grown.slope_p == pytest.approx(0, abs=1e-12)
    noise = np.random.default_rng(0).normal(size=20)
    assert (bland_altman(a, a + noise).slope_p or 0) > 0.05


def test_percent_differences_are_of_the_mean_of_both() -> None:
    found = bland_altman([90.0, 0.0], [110.0, 0.0], percent=True)
    assert found.bias == pytest.approx((20 + 0) / 2)  # nothing against nothing differs by nothing
    assert found.n_undefined == 0


def test_a_percentage_of_nothing_is_counted_out() -> None:
    found = bland_altman([-1.0, 90.0], [1.0, 110.0], percent=True)
    assert found.n_undefined == 1
    assert found.bias == pytest.approx(20)
    assert found.bias == pytest.approx(20.0)


def test_too_few_subjects_leave_out_what_they_do_not_define() -> None:
    assert bland_altman([], []).bias is None
    one = bland_altman([1.0], [2.0])
    assert (one.bias, one.sd, one.limit_low) == (1.0, None, None)
    two = bland_altman([1.0, 2.0], [2.0, 5.0])
    assert two.limit_low is not None
    assert two.slope is None


@given(PAIRS, st.booleans())
def test_swapping_the_methods_mirrors_everything(pairs: list[tuple[int, int]], percent: bool) -> None:
    a, b = zip(*pairs, strict=True)
    there, back = bland_altman(a, b, percent=percent), bland_altman(b, a, percent=percent)
    assert there.bias == pytest.approx(-(back.bias or 0))
    assert there.sd == pytest.approx(back.sd)
    assert there.limit_low == pytest.approx(-(back.limit_high or 0))
    assert there.limit_low_low == pytest.approx(-(back.limit_high_high or 0))


@given(PAIRS)
def test_the_order_of_the_subjects_does_not_matter(pairs: list[tuple[int, int]]) -> None:
    a, b = zip(*pairs, strict=True)
    found, turned = bland_altman(a, b), bland_altman(a[::-1], b[::-1])
    assert turned.bias == pytest.approx(found.bias)
    assert turned.limit_high == pytest.approx(found.limit_high)
