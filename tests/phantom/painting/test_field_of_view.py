import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.phantom.painting.field_of_view import FieldShares, draw_field

SPACING = (2.0, 1.0, 1.0)
SHAPE = (40, 64, 64)


def cord() -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[:, 28:36, 26:38] = True
    return mask


@given(st.integers(0, 10_000))
def test_a_box_holds_the_cord_and_ends_within_its_margins(seed: int) -> None:
    seen = draw_field(cord(), SPACING, FieldShares(1.0, 0.0, 0.0, (5.0, 12.0)), np.random.default_rng(seed))
    assert not (cord() & ~seen).any()
    front = np.flatnonzero(seen.any(axis=(0, 2)))
    assert 28 - 12 <= front[0] <= 28 - 5
    assert 35 + 5 <= front[-1] <= 36 + 12


@given(st.integers(0, 10_000), st.booleans())
def test_what_is_seen_is_one_box_of_a_size_that_scanners_make(seed: int, empty: bool) -> None:
    seen = draw_field(cord() & (not empty), SPACING, FieldShares(0.5, 0.5, 0.3), np.random.default_rng(seed))
    sides = [np.flatnonzero(seen.any(axis=tuple(other for other in range(3) if other != axis))) for axis in range(3)]
    assert seen.sum() == np.prod([side[-1] - side[0] + 1 for side in sides])
    assert sides[0].size * SPACING[0] >= 14
    assert sides[1].size >= 24
    assert sides[2].size >= 20


def test_beside_the_cord_there_is_little_or_none_of_it() -> None:
    shares = [
        (draw_field(cord(), SPACING, FieldShares(0.0, 0.0, 1.0), np.random.default_rng(seed)) & cord()).mean()
        for seed in range(20)
    ]
    assert max(shares) == 0.0


def test_nothing_but_the_whole_is_seen_where_nothing_else_is_asked_for() -> None:
    assert draw_field(cord(), SPACING, FieldShares(0.0, 0.0, 0.0), np.random.default_rng(0)).all()
