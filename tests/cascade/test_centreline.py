import math

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.cascade.centreline import centreline
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Array, Volume
from tests.cascade.field import random_cord
from tests.strategies import ANGLES, AXES, SEEDS, Triple


def cord_along(path: Array, spacing: float = 1.0, radius: int = 3) -> Volume:
    """A tube whose middle lies at `path` voxels along x in each slice."""
    mask = np.zeros((80, 20, path.size), dtype=np.uint8)
    for z, x in enumerate(path):
        middle = round(float(x))
        mask[middle - radius : middle + radius + 1, 7:14, z] = 1
    return Volume(mask, np.diag([1, 1, spacing, 1.0]))


def test_a_straight_cord_has_a_straight_line_in_its_middle() -> None:
    affine = nib.affines.from_matvec(np.diag([-1, 1, 3.0]), [40, -10, 7])
    line = centreline(Volume(cord_along(np.full(12, 30.0)).data, affine))
    np.testing.assert_allclose(line.voxels, [[30, 10, z] for z in range(12)], atol=1e-6)
    np.testing.assert_allclose(line.world, [[10, 0, 7 + 3 * z] for z in range(12)], atol=1e-6)
    np.testing.assert_allclose(line.length_mm, 3.0 * np.arange(12), atol=1e-6)


@given(seed=SEEDS, axes=AXES, angles=ANGLES)
def test_the_line_lies_at_the_same_place_in_the_world_in_all_48_orientations(
    seed: int, axes: str, angles: Triple
) -> None:
    cord = random_cord(seed, angles=angles)
    one, other = centreline(cord), centreline(reorient(cord, axes))
    np.testing.assert_allclose(one.world, other.world, atol=1e-6)
    np.testing.assert_allclose(one.length_mm, other.length_mm, atol=1e-6)
    np.testing.assert_array_equal(one.measured, other.measured)


@given(seed=SEEDS)
def test_there_is_one_point_in_every_slice_between_the_ends_and_none_beyond(seed: int) -> None:
    cord = random_cord(seed)
    line = centreline(cord)
    assert (line.slices.size == 0) == (not cord.data.any())
    if line.slices.size:
        np.testing.assert_array_equal(line.slices, np.arange(line.slices[0], line.slices[-1] + 1))
        np.testing.assert_array_equal(line.voxels[:, 2], line.slices)
        assert line.measured[0]
        assert line.measured[-1]
        assert (np.diff(line.world[:, 2]) > 0).all()


def test_missing_slices_are_bridged_and_said_to_be() -> None:
    cord = cord_along(np.linspace(20, 40, 40))
    cord.data[:, :, 15:22] = 0
    line = centreline(cord)
    assert np.flatnonzero(~line.measured).tolist() == list(range(15, 22))
    np.testing.assert_allclose(line.voxels[15:22, 0], np.linspace(20, 40, 40)[15:22], atol=0.5)


@pytest.mark.parametrize("spacing", [0.5, 2.0])
def test_a_wave_of_the_smoothing_length_is_halved_and_a_long_one_stays(spacing: float) -> None:
    at = np.arange(round(240 / spacing)) * spacing
    middle = slice(at.size // 3, -at.size // 3)

    def left_of(wave_mm: float) -> float:
        wave = 20 * np.sin(math.tau * at / wave_mm)
        found = centreline(cord_along(40 + wave, spacing), smooth_mm=30).voxels[:, 0] - 40
        return float(np.abs(found[middle]).max() / 20)

    assert left_of(30) == pytest.approx(0.5, abs=0.05)
    assert left_of(120) == pytest.approx(1, abs=0.05)
    assert left_of(10) < 0.05


def test_without_smoothing_the_centres_are_those_of_the_slices() -> None:
    path = np.random.default_rng(2).integers(20, 40, 30)
    np.testing.assert_allclose(centreline(cord_along(path), smooth_mm=0).voxels[:, 0], path)


@pytest.mark.parametrize("slices", [1, 2, 4])
def test_few_slices_have_a_straight_line(slices: int) -> None:
    path = np.linspace(30, 30 + 2 * (slices - 1), slices)
    np.testing.assert_allclose(centreline(cord_along(path)).voxels[:, 0], path, atol=1e-9)


def test_an_empty_mask_has_no_points() -> None:
    line = centreline(Volume(np.zeros((4, 5, 6), np.uint8), np.eye(4)))
    assert line.world.shape == (0, 3)
    assert not line.draw((4, 5, 6)).any()
    assert all(column.size == 0 for column in line.columns().values())


def test_an_island_far_away_does_not_pull_the_line() -> None:
    cord = cord_along(np.full(30, 20.0))
    cord.data[60:64, 7:14, 10:14] = 1
    np.testing.assert_allclose(centreline(cord).voxels[:, 0], 20, atol=1e-6)


def test_the_drawn_line_has_one_voxel_in_each_slice_inside_the_cord() -> None:
    cord = cord_along(30 + 5 * np.sin(np.arange(60) / 10))
    image = centreline(cord).draw(cord.data.shape)
    np.testing.assert_array_equal(image.sum(axis=(0, 1)), 1)
    assert (cord.data[image > 0] == 1).all()
    assert set(centreline(cord).columns()) == {"slice", "x_mm", "y_mm", "z_mm", "length_mm", "measured"}
