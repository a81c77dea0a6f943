import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.slices import (
    Slices,
    parse_slices,
    read_slices_cell,
    scanned_axis,
    slices_cell,
)
from nnunet_ext.core.volume import Volume

SOME = st.none() | st.builds(Slices, st.integers(0, 2), st.frozensets(st.integers(0, 30), min_size=1))


def image(*spacing: float) -> Volume:
    return Volume(np.zeros((10, 11, 12), np.uint8), np.diag([*spacing, 1.0]))


@given(SOME, SOME)
def test_what_a_cell_says_is_read_again(one: Slices | None, two: Slices | None) -> None:
    said = {"sc": one, "lesion": two}
    assert read_slices_cell(slices_cell(said), said) == said


@pytest.mark.parametrize(
    ("text", "axis", "numbers"),
    [("3-5", 2, {3, 4, 5}), (" 3 , 7-8 ", 2, {3, 7, 8}), ("i:0-1", 0, {0, 1}), ("j 4;6", 1, {4, 6}), ("K: 2", 2, {2})],
)
def test_slices_are_read_as_people_write_them(text: str, axis: int, numbers: set[int]) -> None:
    assert parse_slices(text, image(1, 1, 3)) == Slices(axis, frozenset(numbers))


@pytest.mark.parametrize("text", ["", "all", "5-3", "12", "x:1", "1-", "-1", "1.5"])
def test_other_slices_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="were needed"):
        parse_slices(text, image(1, 1, 3))


def test_slices_lie_across_the_thick_axis_or_along_the_body() -> None:
    assert scanned_axis(image(3.3, 0.5, 0.5)) == 0
    assert scanned_axis(image(0.5, 0.5, 5)) == 2
    assert scanned_axis(image(1, 1, 1)) == 2
    turned = Volume(np.zeros((4, 4, 4)), np.array([[0, 0, 1.0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]))
    assert scanned_axis(turned) == 1
