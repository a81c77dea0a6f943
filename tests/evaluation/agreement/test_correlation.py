from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.evaluation.agreement.confidence_interval import Bootstrap
from nnunet_ext.evaluation.agreement.correlation import correlation_difference, spearman
from tests.strategies import pairs

FEW = Bootstrap(300, 0)
PAIRS = pairs(-20, 20, 3, 20)


def test_ranks_worked_by_hand() -> None:
    # Without ties rho is 1 - 6 sum d^2 / (n (n^2 - 1)); the rank differences are 1, 1, 0, 1, 1.
    assert spearman([1, 2, 3, 4, 5], [20, 10, 30, 500, 400]).rho == pytest.approx(1 - 6 * 4 / (5 * 24))


def test_the_interval_is_bonetts_and_wrights() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=30)
    found = spearman(x, x + rng.normal(size=30))
    assert found.rho is not None
    assert found.interval.high is not None
    widths = [0.5 * log((1 + r) / (1 - r)) for r in (found.rho, found.interval.high)]
    assert widths[1] - widths[0] == pytest.approx(1.959964 * ((1 + found.rho**2 / 2) / 27) ** 0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "why"), [([], [], "0 subjects"), ([1, 2], [1, 2], "2 subjects"), ([1, 1, 1], [1, 2, 3], "the same")]
)
def test_what_is_not_defined_is_said(x: list[float], y: list[float], why: str) -> None:
    found = spearman(x, y)
    assert (found.rho, found.p, found.interval.low) == (None, None, None)
    assert why in found.note


@given(PAIRS, st.sampled_from([0.01, 3.0]), st.integers(-5, 5))
def test_rho_knows_ranks_only(pairs: list[tuple[int, int]], factor: float, shift: int) -> None:
    x, y = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
    one, other = spearman(x, y), spearman(np.exp(x / 10) * factor + shift, y)
    assert (one.rho is None) == (other.rho is None)
    assert one.rho == pytest.approx(other.rho)
    turned = spearman(-x, y)
    assert one.rho is None or turned.rho == pytest.approx(-one.rho)
    assert one.rho is None or -1 - 1e-9 <= one.rho <= 1 + 1e-9


def test_a_method_that_misses_the_score_is_seen_and_one_that_is_as_good_is_not() -> None:
    rng = np.random.default_rng(2)
    score = rng.normal(size=60)
    good, same, bad = score + rng.normal(0, 0.4, 60), score + rng.normal(0, 0.4, 60), rng.normal(size=60)
    worse, interval = correlation_difference(good, bad, score, FEW)
    assert worse is not None
    assert interval.high is not None
    assert worse < -0.5
    assert interval.high < 0
    _, equal = correlation_difference(good, same, score, FEW)
    assert equal.low is not None
    assert equal.high is not None
    assert equal.low < 0 < equal.high


def test_swapping_the_methods_turns_the_difference() -> None:
    rng = np.random.default_rng(3)
    a, b, score = rng.normal(size=(3, 15))
    there, back = (correlation_difference(x, y, score, FEW)[0] for x, y in ((a, b), (b, a)))
    assert there is not None
    assert back == pytest.approx(-there)
    itself, interval = correlation_difference(a, a, score, FEW)
    assert (itself, interval.low, interval.high) == (0.0, 0.0, 0.0)


def test_a_constant_score_has_no_difference() -> None:
    difference, interval = correlation_difference([1, 2, 3], [3, 1, 2], [5, 5, 5], FEW)
    assert difference is None
    assert interval.low is None
