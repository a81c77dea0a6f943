import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.phantom.injection.cord_course import CordCourse
from tests.phantom.injection.tube import DEEP, WIDE, Tube


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 0.5, 4.0), (3.0, 0.8, 0.8)])
@pytest.mark.parametrize("lean", [0.0, 0.3])
def test_a_mask_is_measured_along_and_across(spacing: tuple[float, float, float], lean: float) -> None:
    tube = Tube(spacing=spacing, lean=lean)
    image, cord = tube.make()
    course = CordCourse.of_mask(cord, image.affine)
    assert course.length_mm == pytest.approx((60 - spacing[2]) * np.hypot(1, lean), abs=1.5)
    wide, deep = np.median(course.table[:, 12:14], axis=0)
    assert wide == pytest.approx(WIDE, abs=0.3 * max(spacing[0], 1))
    assert deep == pytest.approx(DEEP / np.hypot(1, lean), abs=0.3)


@given(st.sampled_from(["RAS", "LAS", "PIR", "ASL", "LPI", "SRA"]))
def test_places_do_not_depend_on_how_the_file_lies(axes: str) -> None:
    image, cord = Tube(spacing=(1.0, 1.0, 2.0), axes=axes).make()
    course = CordCourse.of_mask(cord, image.affine)
    points = np.array([[0.0, 2.0, 20.0], [3.0, 0.0, 0.0], [-3.0, -2.0, -20.0]])
    points[:, 1] -= 0.1 * points[:, 2]  # off the middle of the cord by no more than the x and y above
    down, right, front = course.place(points)
    assert down == pytest.approx([9.2, 29.3, 49.3], abs=0.6)
    assert right == pytest.approx([0, 0.5, -0.5], abs=0.06)
    assert front == pytest.approx([0.5, 0, -0.5], abs=0.08)


def test_gaps_along_the_cord_are_bridged() -> None:
    image, cord = Tube().make()
    cord[:, :, 20:30] = False
    course = CordCourse.of_mask(cord, image.affine)
    down, right, front = course.place(nib.affines.apply_affine(image.affine, [[17.5, 18.0, 25.0]]))
    assert np.hypot(right, front) < 0.3
    assert down == pytest.approx(34, abs=1)


@pytest.mark.parametrize("slices", [0, 1])
def test_a_cord_without_direction_is_refused(slices: int) -> None:
    cord = np.zeros((20, 20, 20), dtype=bool)
    cord[8:12, 8:12, :slices] = True
    with pytest.raises(DataRefusedError, match="two slices"):
        CordCourse.of_mask(cord, np.eye(4))
