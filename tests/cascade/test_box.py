import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.box import (
    Box,
    Margins,
    apply_box,
    cord_box,
    faces,
    outside,
    random_margins,
)
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.tube import largest_tube
from nnunet_ext.core.volume import Array, Volume
from tests.cascade.field import random_cord
from tests.strategies import ANGLES, AXES, MARGINS, SEEDS, Triple

FACES = [each.name for each in fields(Margins)]
NONE = Margins(0, 0, 0, 0, 0, 0)


@given(seed=SEEDS, axes=AXES, angles=ANGLES, margins=MARGINS)
def test_the_box_holds_every_voxel_of_the_tube_and_ends_inside_the_volume(
    seed: int, axes: str, angles: Triple, margins: Margins
) -> None:
    cord = random_cord(seed, axes, angles)
    box = cord_box(cord, margins)
    assert (box is None) == (not cord.data.any())
    if box is not None:
        assert outside(largest_tube(cord), box) == 0
        assert Box.whole(cord.data.shape).union(box) == Box.whole(cord.data.shape)


@given(seed=SEEDS, axes=AXES, margins=MARGINS, more=MARGINS)
def test_the_box_grows_with_its_margins(seed: int, axes: str, margins: Margins, more: Margins) -> None:
    cord = random_cord(seed, axes)
    wider = Margins(**{face: mm + more.by_face()[face] for face, mm in margins.by_face().items()})
    small, large = cord_box(cord, margins), cord_box(cord, wider)
    if small is not None and large is not None:
        assert small.union(large) == large


@given(seed=SEEDS, angles=ANGLES, axes=AXES, margins=MARGINS)
def test_the_box_lies_at_the_same_place_in_the_world_in_all_48_orientations(
    seed: int, angles: Triple, axes: str, margins: Margins
) -> None:
    cord = random_cord(seed, angles=angles)
    turned = reorient(cord, axes)
    box, box_of_turned = cord_box(cord, margins), cord_box(turned, margins)
    if box is None or box_of_turned is None:
        assert box is box_of_turned
        return
    ones = Volume(np.ones(cord.data.shape, dtype=np.uint8), cord.affine)
    np.testing.assert_array_equal(
        reorient(apply_box(ones, box), axes).data, apply_box(reorient(ones, axes), box_of_turned).data
    )


@given(seed=SEEDS, margins=MARGINS, voxels=st.integers(0, 6))
def test_a_widened_box_loses_no_label_voxel(seed: int, margins: Margins, voxels: int) -> None:
    cord = random_cord(seed)
    generator = np.random.default_rng(seed)
    labels = np.zeros(cord.data.shape, dtype=np.uint8)
    for _ in range(voxels):
        labels[tuple(generator.integers(0, labels.shape))] = 2
    box, needed = cord_box(cord, margins), Box.around(labels)
    assert (needed is None) == (voxels == 0)
    if box is not None and needed is not None:
        wide = box.union(needed)
        assert outside(labels, wide) == 0
        assert wide.union(box) == wide
        assert outside(labels, box) == int((labels > 0).sum() - (labels[box.slices] > 0).sum())


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("axes", ["LAS", "RAS", "PSR", "IRA"])
def test_each_margin_moves_the_face_of_its_name_by_at_least_its_millimetres(axes: str, face: str) -> None:
    labels = np.zeros((30, 30, 30), dtype=np.uint8)
    labels[14:16, 14:16, 10:20] = 1
    cord = reorient(Volume(labels, np.diag([0.5, 1.0, 3.0, 1.0])), axes)
    moved, still = cord_box(cord, replace(NONE, **{face: 4.0})), cord_box(cord, NONE)
    assert moved is not None
    assert still is not None
    for axis, (low, high) in enumerate(faces(axes)):
        voxels = math.ceil(4.0 / cord.spacing[axis])
        assert still.start[axis] - moved.start[axis] == (voxels if face == low else 0)
        assert moved.stop[axis] - still.stop[axis] == (voxels if face == high else 0)


@pytest.mark.parametrize("size", [np.nextafter(np.float32(0.2), np.float32(0)), np.float32(0.2)])
def test_a_wide_margin_of_whole_voxels_is_that_many_whatever_the_last_digit_of_the_header(size: np.float32) -> None:
    spacing = float(size)
    cord = np.zeros((8, 8, 800), dtype=np.uint8)
    cord[3:5, 3:5, 300:500] = 1
    box = cord_box(Volume(cord, np.diag([spacing, spacing, spacing, 1.0])), replace(NONE, superior=50.0))
    assert box is not None
    assert box.stop[2] == 500 + 250


def test_the_superior_face_lies_towards_the_head() -> None:
    labels = np.zeros((5, 5, 9), dtype=np.uint8)
    labels[2, 2, 4] = 1
    upright = Volume(labels, np.diag([1, 1, 2.0, 1]))
    assert cord_box(upright, replace(NONE, superior=4)) == Box((2, 2, 4), (3, 3, 7))
    assert cord_box(upright, replace(NONE, left=1)) == Box((1, 2, 4), (3, 3, 5))


def test_no_cord_has_no_box() -> None:
    assert cord_box(Volume(np.zeros((4, 4, 4), np.uint8), np.eye(4)), NONE) is None


@pytest.mark.parametrize("kind", [np.float32, np.int16, np.uint8])
def test_outside_the_box_the_image_is_zero_and_inside_untouched(kind: type) -> None:
    data: Array = np.random.default_rng(1).integers(1, 99, (6, 7, 8)).astype(kind)
    volume = Volume(data, np.eye(4), notes=("scaled",), sha256="of the file")
    box = Box((1, 2, 3), (4, 5, 8))
    boxed = apply_box(volume, box)
    assert boxed.data.dtype == data.dtype
    assert (boxed.notes, boxed.sha256) == (("scaled",), "")
    np.testing.assert_array_equal(boxed.data[box.slices], data[box.slices])
    assert np.count_nonzero(boxed.data) == box.voxels == 3 * 3 * 5
    assert volume.data.all()


@given(margins=MARGINS, low=st.floats(-9, 0), high=st.floats(0, 9), seed=SEEDS)
def test_random_margins_stay_within_their_bounds_and_follow_the_seed(
    margins: Margins, low: float, high: float, seed: int
) -> None:
    drawn_once = random_margins(margins, low, high, np.random.default_rng(seed))
    assert drawn_once == random_margins(margins, low, high, np.random.default_rng(seed))
    for face, mm in drawn_once.by_face().items():
        assert max(0, margins.by_face()[face] + low) <= mm <= margins.by_face()[face] + high + 1e-9


def test_each_face_draws_on_its_own() -> None:
    drawn_margins = random_margins(NONE, 0, 10, np.random.default_rng(3)).by_face().values()
    assert len(set(drawn_margins)) == 6


@given(margins=MARGINS)
def test_margins_come_back_from_what_sct_reads(margins: Margins) -> None:
    content = margins.content()
    assert list(content) == [f"pad_{face}" for face in FACES]
    assert Margins.from_content({"sc_crop_version": "0.10", **content}) == margins


@pytest.mark.parametrize("wrong", [None, -1, "5", float("nan"), True])
def test_a_margin_that_is_missing_or_no_distance_is_refused_by_name(wrong: object) -> None:
    content = {**NONE.content(), "pad_left": wrong}
    with pytest.raises(DataRefusedError, match="missing or wrong: pad_left$"):
        Margins.from_content(content)
