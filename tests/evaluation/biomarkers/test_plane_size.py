import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.evaluation.biomarkers.lesion_biomarkers import LesionStatus
from nnunet_ext.evaluation.biomarkers.lesion_columns import Between
from tests.evaluation.biomarkers.boxes import Box, boxes, leaning_cord, measure, straight_cord
from tests.evaluation.biomarkers.ellipsoids import GRIDS, draw_bodies, errors, summary

TUBE = ((4, 4, 0), (8, 9, 20))
CORRECTED = [
    "midsagittal_length_corrected_mm",
    "midsagittal_width_corrected_mm",
    "dorsal_bridge_corrected_mm",
    "ventral_bridge_corrected_mm",
    "total_bridge_same_slice_mm",
]


@pytest.mark.parametrize("grid", list(GRIDS))
def test_of_ellipsoids_in_cords_the_corrected_sizes_are_nearer_the_truth_than_those_of_sct_and_counts(
    grid: str,
) -> None:
    _, root_mean_square = summary(np.array([errors(body) for body in draw_bodies(6, seed=1, grids=[grid])]))
    sct_length, counted_length, length, sct_width, counted_width, width = root_mean_square
    assert length < min(sct_length, counted_length)
    assert width < min(sct_width, counted_width)


@given(
    st.tuples(st.integers(5, 8), st.integers(5, 9), st.integers(0, 7)),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 7)),
    st.tuples(st.floats(0.3, 4), st.floats(0.3, 4), st.floats(0.3, 4)),
)
def test_a_box_along_the_voxels_is_as_long_and_wide_as_its_voxels(
    start: tuple[int, int, int], size: tuple[int, int, int], spacing: tuple[float, float, float]
) -> None:
    across, depth, step = spacing
    (row,) = measure(boxes((start, size)), straight_cord(), np.diag([-across, depth, step, 1.0])).lesions
    there = start[0] <= 8 < start[0] + size[0]  # the plane is slice 8
    sizes = row.midsagittal_length_corrected_mm, row.midsagittal_width_corrected_mm
    assert sizes == pytest.approx((size[2] * step, size[1] * depth) if there else (0, 0), rel=1e-8)


def test_a_section_between_two_slices_is_larger_than_both_where_the_lesion_tapers_to_either_side() -> None:
    cord = boxes(((5, 5, 0), (8, 8, 14)))  # eight wide: the plane is 8.5, between 8 and 9
    tapering = boxes(((8, 7, 4), (2, 3, 6)), ((7, 8, 6), (1, 1, 2)), ((10, 8, 6), (1, 1, 2)))
    (row,) = measure(tapering, cord).lesions
    assert row.midsagittal_length_corrected_mm == pytest.approx(6, abs=0.2)
    assert row.midsagittal_width_corrected_mm is not None
    assert 3 < row.midsagittal_width_corrected_mm < 3.5


boxes_in_the_cord = st.lists(
    st.builds(
        lambda x, y, z, size: ((x, y, z), size),
        st.integers(4, 10),
        st.integers(3, 12),
        st.integers(0, 11),
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
    ),
    min_size=1,
    max_size=3,
)


@given(boxes_in_the_cord, st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_an_image_that_is_padded_along_the_body_has_the_same_corrected_values(
    given_boxes: list[Box], ends: tuple[int, int]
) -> None:
    below, above = ends
    around = ((0, 0), (0, 0), (2 * below, above))  # a centre between two slices belongs to the even one
    lesion, cord = boxes(*given_boxes), leaning_cord()
    tight, padded = measure(lesion, cord), measure(np.pad(lesion, around), np.pad(cord, around))
    for before, after in zip(tight.lesions, padded.lesions, strict=True):
        if before.status is LesionStatus.MEASURED:
            for column in CORRECTED:
                value = getattr(before, column)
                assert getattr(after, column) == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9))


def test_where_the_spline_of_sct_does_not_settle_the_case_says_so() -> None:
    drawn = np.random.default_rng(0).integers(-1, 2, (20, 2))
    lesion, cord = (boxes((start, size), shape=(16, 18, 20)) for start, size in (((7, 7, 8), (3, 3, 6)), TUBE))
    for at, off in enumerate(drawn):
        for mask in (lesion, cord):
            mask[:, :, at] = np.roll(mask[:, :, at], tuple(off), (0, 1))
    around = ((0, 0), (0, 0), (400, 400))
    tight, padded = measure(lesion, cord), measure(np.pad(lesion, around), np.pad(cord, around))
    assert (tight.course_settled, padded.course_settled) == (True, False)
    (before,), (after,) = tight.lesions, padded.lesions
    assert after.midsagittal_length_corrected_mm == pytest.approx(before.midsagittal_length_corrected_mm)


@pytest.mark.parametrize(("plane", "lower", "upper"), [(8 + 1e-9, 8, 8), (9 - 1e-9, 9, 9), (8.01, 8, 9), (8.0, 8, 8)])
def test_a_plane_that_rounding_moves_off_a_slice_is_that_slice(plane: float, lower: int, upper: int) -> None:
    between = Between.at(plane, 0, 1e-6)
    assert (between.lower, between.upper) == (lower, upper)
