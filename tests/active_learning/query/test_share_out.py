import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.query.share_out import share_out

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=5).filter(lambda shares: sum(shares) > 0.01)


@given(st.integers(0, 200), SHARES)
def test_all_places_are_given_and_none_to_a_share_of_nothing(places: int, shares: list[float]) -> None:
    parts = share_out(places, shares)
    assert sum(parts) == places
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - places * share / sum(shares)) < 1 + 1e-6  # the quota rule of Hare's method
        assert part == 0 or share > 0


@pytest.mark.parametrize(
    ("places", "shares", "parts"),
    [
        (9, [1 / 3, 1 / 3, 1 / 3], (3, 3, 3)),
        (8, [1 / 3, 1 / 3, 1 / 3], (3, 3, 2)),
        (1, [1 / 3, 1 / 3, 1 / 3], (1, 0, 0)),
        (100, [0.47, 0.16, 0.158, 0.12, 0.061, 0.031], (47, 16, 16, 12, 6, 3)),
        (10, [0.0, 2.0, 2.0], (0, 5, 5)),
    ],
)
def test_examples_by_hand(places: int, shares: list[float], parts: tuple[int, ...]) -> None:
    assert share_out(places, shares) == parts
