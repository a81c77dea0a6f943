import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.tube import largest_tube
from nnunet_ext.core.volume import Array, Volume
from tests.cascade.field import random_cord
from tests.strategies import ANGLES, AXES, SEEDS, Triple


def volume(*blocks: tuple[slice, slice, slice], spacing: tuple[float, float, float] = (1, 1, 1)) -> Volume:
    mask = np.zeros((60, 60, 120), dtype=np.uint8)
    for block in blocks:
        mask[block] = 1
    return Volume(mask, np.diag([*spacing, 1.0]))


def block(x: int, z: int, length: int) -> tuple[slice, slice, slice]:
    return slice(x, x + 3), slice(20, 23), slice(z, z + length)


def kept(cord: Volume, **limits: float) -> list[int]:
    mask: Array = largest_tube(cord, **limits)
    assert not (mask & (cord.data == 0)).any()
    return sorted({int(z) for z in np.argwhere(mask)[:, 2]})


def test_an_island_far_to_the_side_is_dropped() -> None:
    tube = largest_tube(volume(block(20, 10, 60), block(40, 30, 10)))
    assert tube[20:23].any()
    assert not tube[40:].any()


def test_a_gap_along_the_cord_is_bridged_up_to_its_limit() -> None:
    cord = volume(block(20, 0, 30), block(20, 69, 20))
    assert kept(cord, along_mm=40) == [*range(30), *range(69, 89)]
    assert kept(cord, along_mm=39) == list(range(30))


def test_the_limits_are_millimetres_and_not_voxels() -> None:
    cord = volume(block(20, 0, 30), block(20, 49, 20), spacing=(1, 1, 2))
    assert kept(cord, along_mm=40) == [*range(30), *range(49, 69)]
    assert kept(cord, along_mm=39) == list(range(30))


def test_pieces_that_each_reach_the_next_are_one_tube() -> None:
    pieces = [block(20, z, 8) for z in (0, 40, 80)]
    assert len(kept(volume(*pieces), along_mm=35)) == 24


def test_the_pieces_of_a_broken_cord_outweigh_a_larger_blob_elsewhere() -> None:
    pieces = [block(20, z, 8) for z in (0, 40, 80)]
    tube = largest_tube(volume(*pieces, block(50, 50, 12)))
    assert not tube[50:].any()
    assert int(tube.sum()) == 3 * 8 * 9


def test_of_equally_large_tubes_none_is_preferred() -> None:
    tube = largest_tube(volume(block(5, 10, 10), block(50, 10, 10)))
    assert tube[:10].any()
    assert tube[50:].any()


def test_corners_that_touch_are_one_piece() -> None:
    mask = np.zeros((6, 6, 6), dtype=np.uint8)
    mask[1, 1, 1] = mask[2, 2, 2] = 1
    assert largest_tube(Volume(mask, np.eye(4)), along_mm=1e-3, across_mm=1e-3).sum() == 2


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_and_a_single_voxel_mask_come_back(count: int) -> None:
    mask = np.zeros((5, 5, 5), dtype=np.uint8)
    mask[2, 2, 2] = count
    assert largest_tube(Volume(mask, np.eye(4))).sum() == count


@given(seed=SEEDS, axes=AXES, angles=ANGLES)
def test_the_tube_does_not_depend_on_the_order_of_the_axes(seed: int, axes: str, angles: Triple) -> None:
    cord = random_cord(seed, angles=angles)
    turned = reorient(cord, axes)
    expected = reorient(Volume(largest_tube(cord, 8, 3).astype(np.uint8), cord.affine), axes)
    np.testing.assert_array_equal(largest_tube(turned, 8, 3), expected.data > 0)
