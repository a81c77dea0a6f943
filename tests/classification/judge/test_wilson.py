import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnunet_ext.classification.judge.estimate import LEVEL, Estimate, Z
from nnunet_ext.classification.judge.wilson import wilson


# Newcombe 1998 (Stat. Med. 17:857), table I, method 3
@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_published_intervals_come_out(hits: int, count: int, low: float, high: float) -> None:
    found = wilson(hits, count)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert (found.value, found.count) == (hits / count, count)


@given(st.integers(1, 300).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_it_is_that_of_scipy_and_holds_the_share(drawn: tuple[int, int]) -> None:
    hits, count = drawn
    found = wilson(hits, count)
    there = stats.binomtest(hits, count).proportion_ci(0.95, "wilson")
    assert (found.low, found.high) == pytest.approx((there.low, there.high), abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= hits / count <= found.high <= 1
    assert found.low < found.high


def test_the_quantile_is_that_of_the_level() -> None:
    assert pytest.approx(stats.norm.ppf((1 + LEVEL) / 2), abs=1e-15) == Z


def test_of_no_patient_there_is_no_share() -> None:
    assert wilson(0, 0) == Estimate(None, None, None, 0, "n/a")
