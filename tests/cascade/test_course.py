from dataclasses import replace
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nnunet_ext.cascade.box import Box, Margins, cord_box
from nnunet_ext.cascade.course import Course, held_by
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.tube import largest_tube
from nnunet_ext.core.volume import Volume
from tests.cascade.field import CORD, drawn, random_cord
from tests.strategies import ALL_AXES, AXES, MARGINS, SEEDS, thorough

NONE = Margins(0, 0, 0, 0, 0, 0)
WIDE = Margins(superior=30, inferior=30, left=5, right=5, anterior=5, posterior=5)


def bent(axes: str = "RAS") -> Volume:
    """Draw a cord of 4 x 4 voxels that goes up and moves one voxel to the right for every three."""
    mask = np.zeros((60, 30, 90), dtype=np.uint8)
    for k in range(10, 80):
        mask[10 + k // 3 : 14 + k // 3, 12:16, k] = 1
    return reorient(Volume(mask, np.eye(4)), axes)


def around(cord: Volume, margins: Margins, slab_mm: float | None) -> Course:
    course = Course.around(cord, margins, slab_mm)
    assert course is not None
    return course


def whole_of(course: Course) -> Box:
    return reduce(Box.union, course.boxes)


@pytest.mark.parametrize("axes", ALL_AXES)
def test_boxes_bend_with_the_cord_however_the_image_lies(axes: str) -> None:
    cord = bent(axes)
    course, whole = around(cord, replace(WIDE, superior=0, inferior=0), 10.0), cord_box(cord, WIDE)
    assert whole is not None
    assert len(course.boxes) in (7, 8)  # slabs are counted from the first slice, wherever that lies
    held = sum(box.voxels for box in course.boxes)
    assert held == held_by(course.boxes, cord.data.shape).sum()
    assert held < 0.45 * whole.voxels
    assert cord.data[held_by(course.boxes, cord.data.shape)].sum() == cord.data.sum()


@given(seed=SEEDS, margins=MARGINS, axes=AXES, angle=st.floats(-0.5, 0.5))
def test_one_box_around_all_is_the_cord_s_box(seed: int, margins: Margins, axes: str, angle: float) -> None:
    cord = random_cord(seed, axes, (angle, 0.1, -angle))
    cord = Volume(largest_tube(cord), cord.affine)
    assume(cord.data.any())
    assert around(cord, margins, None).boxes == (cord_box(cord, margins),)


@thorough(2)
@given(seed=SEEDS, margins=MARGINS, axes=AXES, slab_mm=st.floats(0.5, 40))
def test_boxes_are_disjoint_leave_no_slab_out_hold_the_cord_with_its_margins_and_end_with_its_box(
    seed: int, margins: Margins, axes: str, slab_mm: float
) -> None:
    cord = random_cord(seed, axes)
    cord = Volume(largest_tube(cord), cord.affine)
    assume(cord.data.any())
    course, whole = around(cord, margins, slab_mm), whole_of(around(cord, margins, None))
    axis = course.axis
    assert all(one.stop[axis] == other.start[axis] for one, other in pairwise(course.boxes))
    assert (whole_of(course).start[axis], whole_of(course).stop[axis]) == (whole.start[axis], whole.stop[axis])
    assert whole_of(course).union(whole) == whole
    for box in course.boxes:
        part = np.zeros_like(cord.data)
        part[box.slices] = cord.data[box.slices]
        inside = Box.around(part)
        if inside is not None:
            across = replace(margins, superior=0.0, inferior=0.0)
            assert inside.grown(across, cord).union(box) == box
    assert held_by(course.boxes, cord.data.shape)[cord.data > 0].all()


def test_in_a_gap_a_box_reaches_as_far_as_the_cord_before_and_behind_it() -> None:
    cord = bent()
    cord.data[:, :, 35:65] = 0  # an implant
    course = around(cord, NONE, 10.0)
    before, gap = course.boxes[2], course.boxes[3]
    assert (before.start[2], gap.start[2]) == (30, 40)
    assert gap.start[:2] == (10 + 34 // 3, 12)
    assert gap.stop[:2] == (14 + 65 // 3, 16)


def test_no_cord_has_no_course() -> None:
    assert Course.around(Volume(np.zeros((4, 4, 4), np.uint8), np.eye(4)), WIDE) is None


def test_slices_thicker_than_a_slab_are_slabs_of_their_own() -> None:
    cord = Volume(bent().data, np.diag([1.0, 1.0, 50.0, 1.0]))
    assert [box.shape[2] for box in around(cord, NONE, 20.0).boxes] == [1] * 70


def test_faces_that_a_segmentation_touches_are_named_unless_the_volume_ends_there() -> None:
    labels = drawn(CORD)
    size = labels.shape[2]

    def touched(*boxes: Box) -> tuple[str, ...]:
        return Course(boxes, 2, size).touched_faces(labels, "LAS")

    assert touched(Box((0, 0, CORD.start[2]), (40, 36, 24))) == ("inferior",)
    assert touched(CORD) == ("right", "left", "posterior", "anterior", "inferior", "superior")
    assert touched(Box.whole(labels.shape)) == ()
    whole = Box.whole((4, 4, 4))
    assert Course((whole,), 2, 4).touched_faces(np.ones((4, 4, 4)), "LAS") == ()
    assert Course((whole,), 2, 4).touched_faces(np.zeros((9, 9, 9)), "LAS") == ()


def test_where_the_next_box_goes_on_nothing_is_touched_but_a_step_of_the_boxes_is_a_face() -> None:
    cord = bent()
    labels = cord.data
    assert around(cord, Margins(1, 1, 1, 1, 1, 1), 10.0).touched_faces(labels, "RAS") == ()
    steps = Course((Box((0, 0, 0), (30, 30, 45)), Box((23, 0, 45), (60, 30, 90))), 2, 45)
    assert steps.touched_faces(labels, "RAS") == ()
    moved = Course((Box((0, 0, 0), (26, 30, 45)), Box((23, 0, 45), (60, 30, 90))), 2, 45)
    assert moved.touched_faces(labels, "RAS") == ("right", "inferior")


def test_only_boxes_that_prove_too_small_grow() -> None:
    cord = bent()
    course = around(cord, replace(WIDE, superior=2, inferior=2), 10.0)
    found = cord.data.copy()
    found[18:24, 12:16, 40:45] = 1  # up to the left face of its box
    found[12:20, 10:16, 22:24] = 1  # larger than the localizer's, but in its box
    grown = course.grown(found, around(Volume(found, cord.affine), WIDE, 10.0))
    changed = [index for index, box in enumerate(grown.boxes) if box not in course.boxes]
    assert changed == [3, 4]  # and the one below, over whose step it lies
    assert grown.boxes[4].start[0] == 13
    assert whole_of(grown).stop[2] == whole_of(course).stop[2]


def test_beyond_an_end_that_is_touched_boxes_are_added() -> None:
    cord = bent()
    seen = replace(cord, data=cord.data.copy())
    seen.data[:, :, 50:] = 0
    course = around(seen, replace(WIDE, superior=10, inferior=2), 10.0)
    inside = cord.data * held_by(course.boxes, cord.data.shape)
    further = around(Volume(inside, cord.affine), WIDE, 10.0)
    grown = course.grown(inside, further)
    assert whole_of(course).stop[2] == 60
    assert grown.boxes[: len(course.boxes) - 1] == course.boxes[:-1]
    assert whole_of(grown).stop[2] == whole_of(further).stop[2] == 90


def test_what_touches_nothing_makes_nothing_grow() -> None:
    cord = bent()
    course = around(cord, Margins(5, 5, 5, 5, 5, 5), 10.0)
    assert course.grown(cord.data, around(cord, WIDE, 10.0)) == course


@given(seed=SEEDS, slab_mm=st.floats(1, 20))
def test_a_course_grows_until_it_holds_all_that_is_connected(seed: int, slab_mm: float) -> None:
    cord = random_cord(seed)
    cord = Volume(largest_tube(cord), cord.affine)
    assume(cord.data.any())
    start = np.zeros_like(cord.data)
    middle = tuple(np.argwhere(cord.data)[0])
    start[middle] = 1
    margins = Margins(*[9.0] * 6)
    course = around(Volume(start, cord.affine), margins, slab_mm)
    for _ in range(200):
        inside = cord.data * held_by(course.boxes, cord.data.shape)
        inside[middle] = 1
        wider = course.grown(inside, around(Volume(inside, cord.affine), margins, slab_mm))
        assert whole_of(wider).union(whole_of(course)) == whole_of(wider)
        if wider == course:
            break
        course = wider
    assert course.touched_faces(inside, cord.axes) == ()
