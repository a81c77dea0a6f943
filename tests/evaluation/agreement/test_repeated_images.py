import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.evaluation.agreement.bland_altman import bland_altman
from nnunet_ext.evaluation.agreement.intraclass import intraclass
from nnunet_ext.evaluation.agreement.repeated_images import OneImage, one_image
from tests.strategies import SEEDS, pairs

# Cardiac output (l/min) by radionuclide ventriculography and impedance cardiography, in turn, of 12 subjects with 3 to
# 6 pairs each: Bland and Altman 1999, section 5.3, and 2007.
CARDIAC = [
    [7.83, 6.57, 7.42, 5.62, 7.89, 6.90, 7.12, 6.57, 7.88, 6.35],
    [6.16, 4.06, 7.26, 4.29, 6.71, 4.26, 6.54, 4.09],
    [4.75, 4.71, 5.24, 5.50, 4.86, 5.08, 4.78, 5.02, 6.05, 6.01, 5.42, 5.67],
    [4.21, 4.14, 3.61, 4.20, 3.72, 4.61, 3.87, 4.68, 3.92, 5.04],
    [3.13, 3.03, 2.98, 2.86, 2.85, 2.77, 3.17, 2.46, 3.09, 2.32, 3.12, 2.43],
    [5.92, 5.90, 6.42, 5.81, 5.92, 5.70, 6.27, 5.76],
    [7.13, 5.09, 6.62, 4.63, 6.58, 4.61, 6.93, 5.09],
    [4.54, 4.72, 4.81, 4.61, 5.11, 4.36, 5.29, 4.20, 5.39, 4.36, 5.57, 4.20],
    [4.48, 3.17, 4.92, 3.12, 3.97, 2.96],
    [4.22, 4.35, 4.65, 4.62, 4.74, 3.16, 4.44, 3.53, 4.50, 3.53],
    [6.78, 7.20, 6.07, 6.09, 6.52, 7.00, 6.42, 7.10, 6.41, 7.40, 5.76, 6.80],
    [5.06, 4.50, 4.72, 4.20, 4.90, 3.80, 4.80, 3.80, 4.90, 4.20, 5.10, 4.50],
]


def test_the_published_example_comes_out() -> None:
    ventriculography = [value for subject in CARDIAC for value in subject[::2]]
    impedance = [value for subject in CARDIAC for value in subject[1::2]]
    subjects = [f"s{number}" for number, subject in enumerate(CARDIAC) for _ in subject[::2]]
    found = one_image(impedance, ventriculography, subjects)
    assert found.bias == pytest.approx(0.60, abs=0.005)
    assert found.sd == pytest.approx(0.99, abs=0.005)
    assert found.limit_low == pytest.approx(0.60 - 1.96 * 0.99, abs=0.01)
    assert found.limit_high == pytest.approx(0.60 + 1.96 * 0.99, abs=0.01)


@given(pairs(0, 90))
def test_with_one_image_each_it_is_the_usual_agreement(pairs: list[tuple[int, int]]) -> None:
    a, b = zip(*pairs, strict=True)
    found, usual = one_image(a, b, [str(number) for number in range(len(a))]), bland_altman(a, b)
    assert (found.bias, found.sd) == pytest.approx((usual.bias, usual.sd))
    assert (found.limit_low, found.limit_high) == pytest.approx((usual.limit_low, usual.limit_high))
    assert found.sd_within is None
    assert found.icc == intraclass(np.column_stack([a, b]))[0]


@given(SEEDS, st.floats(0, 3), st.floats(0.1, 3))
def test_a_limit_lies_in_its_interval_and_the_order_of_images_does_not_matter(
    seed: int, between: float, within: float
) -> None:
    rng = np.random.default_rng(seed)
    subjects = np.repeat(np.arange(6), rng.integers(1, 5, 6))
    a = rng.normal(50, 10, subjects.size)
    b = a + rng.normal(0, between, 6)[subjects] + rng.normal(0, within, subjects.size)
    found = one_image(a, b, [str(one) for one in subjects])
    for side in ("low", "high"):
        low, at, high = (getattr(found, f"limit_{side}{end}") for end in ("_low", "", "_high"))
        assert low <= at <= high
    order = rng.permutation(subjects.size)
    assert one_image(a[order], b[order], [str(one) for one in subjects[order]]).sd == pytest.approx(found.sd)


def test_limits_hold_one_image_and_their_intervals_the_true_limit() -> None:
    rng = np.random.default_rng(1)
    held, inside = [], []
    subjects = np.repeat(np.arange(25), rng.integers(1, 5, 25))
    names = [str(one) for one in subjects]
    truth = 1.96 * np.hypot(5, 20)
    for _ in range(300):
        a = rng.normal(500, 100, subjects.size)
        found = one_image(a, a + rng.normal(0, 5, 25)[subjects] + rng.normal(0, 20, subjects.size), names)
        held.append((found.limit_high_low or 0) <= truth <= (found.limit_high_high or 0))
        fresh = rng.normal(0, np.hypot(5, 20))
        inside.append((found.limit_low or 0) <= fresh <= (found.limit_high or 0))
    assert np.mean(held) == pytest.approx(0.95, abs=0.04)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.04)


def test_too_few_subjects_leave_out_what_they_do_not_define() -> None:
    assert one_image([], [], []) == OneImage()
    single = one_image([1.0, 2.0], [2.0, 4.0], ["x", "x"])
    assert (single.bias, single.sd, single.limit_low) == (1.5, None, None)
