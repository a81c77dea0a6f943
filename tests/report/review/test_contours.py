import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnunet_ext.core.volume import Array
from nnunet_ext.report.review.contours import Line, contour_layer, outline
from tests.report.review_helpers import coloured, rgba

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 7), st.integers(1, 7)))
SQUARE = ((20.0, 20.0), (60.0, 20.0), (60.0, 60.0), (20.0, 60.0))


@given(MASKS)
def test_outlines_enclose_just_the_area_of_the_mask(mask: Array) -> None:
    area = 0.0
    for loop in outline(mask):
        x, y = np.array([*loop, loop[0]], dtype=float).T
        area += float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)  # a hole's line runs the other way round
    assert abs(area) == mask.sum()


@given(MASKS)
def test_each_edge_of_a_mask_is_drawn_once(mask: Array) -> None:
    edges = [
        frozenset((start, end)) for loop in outline(mask) for start, end in zip(loop, [*loop[1:], loop[0]], strict=True)
    ]
    padded = np.pad(mask, 1).astype(int)
    assert len(edges) == len(set(edges)) == abs(np.diff(padded, axis=0)).sum() + abs(np.diff(padded, axis=1)).sum()


def test_a_layer_is_transparent_but_for_its_line() -> None:
    pixels = rgba(contour_layer((80, 80), [Line((SQUARE,), "#E69F00")], dashed=False))
    assert pixels.shape == (80, 80, 4)
    line = coloured(pixels, (230, 159, 0))
    assert line[20, 22:58].all()
    assert line[22:58, 60].all()
    assert not pixels[25:55, 25:55, 3].any()
    assert not pixels[:16, :, 3].any()


@pytest.mark.parametrize("dashed", [False, True])
def test_no_outline_gives_an_empty_layer(dashed: bool) -> None:
    assert not rgba(contour_layer((30, 20), [Line((), "#E69F00")], dashed=dashed))[..., 3].any()


def test_a_dashed_line_has_gaps_and_a_full_one_none() -> None:
    rows = [
        coloured(rgba(contour_layer((80, 80), [Line((SQUARE,), "#F0E442")], dashed=dashed)), (240, 228, 66))[20, 21:59]
        for dashed in (False, True)
    ]
    assert rows[0].all()
    assert 0.2 < rows[1].mean() < 0.8
