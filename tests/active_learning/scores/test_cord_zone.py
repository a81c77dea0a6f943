import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.active_learning.scores.cord_zone import CordZone, cord_zone
from nnunet_ext.core.volume import Array
from tests.strategies import SPACINGS, Triple, masks


def drawn(zone: CordZone, shape: tuple[int, ...]) -> Array:
    whole = np.zeros(shape, np.bool_)
    whole[zone.box.slices] = zone.inside
    return whole


def test_without_a_cord_there_is_no_zone() -> None:
    assert cord_zone(np.zeros((3, 4, 5), np.bool_), (1.0, 1.0, 1.0)) is None


def test_it_reaches_three_millimetres_and_at_least_a_voxel() -> None:
    cord = np.zeros((15, 15, 9), np.bool_)
    cord[7, 7, 4] = True
    zone = cord_zone(cord, (1.0, 2.0, 5.0))
    assert zone is not None
    found = drawn(zone, cord.shape)
    assert np.flatnonzero(found[:, 7, 4]).tolist() == list(range(4, 11))
    assert np.flatnonzero(found[7, :, 4]).tolist() == [6, 7, 8]
    assert np.flatnonzero(found[7, 7]).tolist() == [3, 4, 5]
    assert zone.cord_voxels == 1


@given(cord=masks((6, 5, 4)), spacing=SPACINGS)
def test_it_is_every_voxel_near_the_cord(cord: Array, spacing: Triple) -> None:
    zone = cord_zone(cord, spacing)
    if zone is None:
        assert not cord.any()
        return
    reach = np.maximum(3.0, spacing)
    every, there = np.argwhere(np.ones_like(cord)), np.argwhere(cord)
    steps = (every[:, None] - there[None]) * np.array(spacing) / reach
    near = (np.linalg.norm(steps, axis=2).min(axis=1) <= 1 + 1e-6).reshape(cord.shape)
    np.testing.assert_array_equal(drawn(zone, cord.shape), near)
    assert zone.cord_voxels == np.count_nonzero(cord)


@pytest.mark.parametrize("reach_mm", [0.0, 0.5])
def test_a_short_reach_is_a_voxel(reach_mm: float) -> None:
    cord = np.zeros((5, 5, 5), np.bool_)
    cord[2, 2, 2] = True
    zone = cord_zone(cord, (1.0, 1.0, 1.0), reach_mm)
    assert zone is not None
    assert np.count_nonzero(zone.inside) == 7
