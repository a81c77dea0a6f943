import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.evaluation.agreement.intraclass import intraclass

# Six targets rated by four judges: Shrout and Fleiss 1979, Psychol. Bull. 86:420, table 2.
JUDGES = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def test_the_published_example_comes_out() -> None:
    icc, interval = intraclass(JUDGES)
    assert icc == pytest.approx(0.29, abs=0.005)  # their table 4, ICC(2,1)
    # The R package psych, whose help page has this example, gives 0.019 and 0.761.
    assert interval.low == pytest.approx(0.019, abs=0.001)
    assert interval.high == pytest.approx(0.761, abs=0.001)


def test_a_constant_bias_of_one_rater_lowers_it() -> None:
    subjects = np.arange(10.0)
    assert intraclass(np.column_stack([subjects, subjects]))[0] == pytest.approx(1)
    biased, _ = intraclass(np.column_stack([subjects, subjects + 3]))
    # By hand: MSR = 2 x 82.5 / 9, MSC = 45, MSE = 0.
    assert biased == pytest.approx((165 / 9) / (165 / 9 + 2 * 45 / 10))


@pytest.mark.parametrize("ratings", [np.ones((5, 2)), np.zeros((1, 2)), np.zeros((0, 3)), np.arange(4.0)[:, None]])
def test_too_few_or_equal_ratings_have_none(ratings: np.ndarray) -> None:
    icc, interval = intraclass(ratings)
    assert icc is None
    assert interval.low is None


def test_missing_ratings_are_refused() -> None:
    with pytest.raises(DataRefusedError, match="finite"):
        intraclass([[1.0, np.nan], [2.0, 3.0]])


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=10))
def test_it_lies_in_its_interval_and_below_one(ratings: list[list[int]]) -> None:
    icc, interval = intraclass(ratings)
    if icc is not None:
        assert icc <= 1 + 1e-9
        if interval.low is not None and interval.high is not None:
            assert interval.low - 1e-9 <= icc <= interval.high + 1e-9
