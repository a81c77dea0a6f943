import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.evaluation.agreement.concordance import concordance
from tests.evaluation.agreement.test_bland_altman import MINI, WRIGHT
from tests.strategies import pairs

PAIRS = pairs(-40, 40)


def test_the_correlation_of_bland_and_altmans_meters_is_theirs() -> None:
    assert concordance(MINI, WRIGHT).pearson == pytest.approx(0.94, abs=0.005)  # Lancet 1986, 327:307


def test_lins_coefficient_punishes_a_bias_that_correlation_does_not_see() -> None:
    a = np.arange(10.0)
    found = concordance(a, a + 3)
    assert found.pearson == pytest.approx(1)
    assert found.ccc == pytest.approx(2 * 8.25 / (8.25 + 8.25 + 9))  # by hand: variance over n 8.25, bias 3
    assert found.mean_absolute_error == 3


def test_lins_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    # b is a with noise and a shift: means 0 and 0.5, variances 1 and 1.25, covariance 1.
    truth = 2 * 1 / (1 + 1.25 + 0.25)
    held = 0
    for _ in range(400):
        a = rng.normal(size=60)
        found = concordance(a, a + 0.5 + rng.normal(0, 0.5, 60))
        assert found.ccc_low is not None
        assert found.ccc_high is not None
        held += found.ccc_low <= truth <= found.ccc_high
    assert 0.92 <= held / 400 <= 0.98


def test_values_that_do_not_vary_leave_correlations_undefined() -> None:
    one_constant = concordance([1.0, 1.0, 1.0], [1.0, 2.0, 3.0])
    assert (one_constant.pearson, one_constant.spearman, one_constant.ccc) == (None, None, 0.0)
    both = concordance([1.0, 1.0], [1.0, 1.0])
    assert (both.ccc, both.icc, both.mean_absolute_error) == (None, None, 0.0)
    assert concordance([], []).mean_absolute_error is None


@given(PAIRS)
def test_agreement_is_never_above_correlation(pairs: list[tuple[int, int]]) -> None:
    a, b = zip(*pairs, strict=True)
    found = concordance(a, b)
    if found.ccc is not None and found.pearson is not None:
        assert abs(found.ccc) <= abs(found.pearson) + 1e-9
        assert found.ccc * found.pearson >= -1e-12
        if found.ccc_low is not None and found.ccc_high is not None:
            assert -1 <= found.ccc_low <= found.ccc <= found.ccc_high <= 1


@given(PAIRS)
def test_neither_method_is_the_reference(pairs: list[tuple[int, int]]) -> None:
    a, b = zip(*pairs, strict=True)
    there, back = concordance(a, b), concordance(b, a)
    assert there.ccc == pytest.approx(back.ccc)
    assert there.icc == pytest.approx(back.icc)
    assert there.mean_absolute_error == pytest.approx(back.mean_absolute_error)
