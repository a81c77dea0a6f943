import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Affine, Array, Volume
from nnunet_ext.dataset_conversion.resample import resample_identity
from tests.strategies import AXES, LABEL_MAPS, Shape, affines, shapes, triples, volumes

LAS = np.diag([-0.7, 0.7, 3.0, 1.0])


def shape_of(data: Array) -> Shape:
    first, second, third = data.shape
    return first, second, third


def scaled(affine: Affine, shape: Shape, factors: tuple[float, float, float]) -> tuple[Shape, Affine]:
    """Give the grid with `factors` times as many voxels in the same field of view."""
    change = np.diag([*(1 / f for f in factors), 1.0])
    change[:3, 3] = [(1 / f - 1) / 2 for f in factors]
    first, second, third = (round(size * f) for size, f in zip(shape, factors, strict=True))
    return (first, second, third), affine @ change


def moved(affine: Affine, voxels: tuple[float, float, float]) -> Affine:
    """Give the grid that starts `voxels` farther on."""
    step = np.eye(4)
    step[:3, 3] = voxels
    result: Affine = affine @ step
    return result


@given(volume=LABEL_MAPS | volumes(np.int16), nearest=st.booleans())
def test_the_same_grid_gives_the_same_array(volume: Volume, nearest: bool) -> None:
    found = resample_identity(volume, shape_of(volume.data), volume.affine, nearest=nearest)
    np.testing.assert_array_equal(found.volume.data, volume.data)
    assert (found.lost, found.covered) == (0, 1.0)


@given(volume=LABEL_MAPS, axes=AXES, other=AXES, nearest=st.booleans())
def test_the_order_and_direction_of_either_grids_axes_do_not_matter(
    volume: Volume, axes: str, other: str, nearest: bool
) -> None:
    """Even where every point of the new grid lies half-way between voxels of the old one."""
    shape, affine = scaled(volume.affine, shape_of(volume.data), (2, 2, 2))
    fine = resample_identity(volume, shape, affine, nearest=True).volume
    grid = Volume(np.zeros_like(volume.data), moved(volume.affine, (0.5, 0, 0)))
    turned = reorient(grid, axes)
    straight = resample_identity(fine, shape_of(grid.data), grid.affine, nearest=nearest)
    found = resample_identity(reorient(fine, other), shape_of(turned.data), turned.affine, nearest=nearest)
    expected = reorient(straight.volume, axes)
    np.testing.assert_allclose(found.volume.data, expected.data, atol=0 if nearest else 1e-6)
    np.testing.assert_allclose(found.volume.affine, expected.affine, atol=1e-9)
    assert (found.lost, found.covered) == (straight.lost, straight.covered)


@given(volume=LABEL_MAPS, factors=triples(st.sampled_from([1, 2, 3])), from_first_voxel=st.booleans())
def test_a_mask_on_a_finer_grid_and_back_is_unchanged(
    volume: Volume, factors: tuple[int, int, int], from_first_voxel: bool
) -> None:
    shape, affine = scaled(volume.affine, shape_of(volume.data), factors)
    if from_first_voxel:  # then the fine grid's outermost voxels lie farther in, and all coarse centres on fine ones
        affine[:3, 3] = volume.affine[:3, 3]
    fine = resample_identity(volume, shape, affine, nearest=True)
    back = resample_identity(fine.volume, shape_of(volume.data), volume.affine, nearest=True)
    np.testing.assert_array_equal(back.volume.data, volume.data)
    assert (fine.lost, back.covered) == (0, 1.0)


def test_a_drawn_voxel_of_a_fine_grid_counts_once_where_the_grid_is_twice_as_coarse() -> None:
    """Of each pair of fine voxels the same one is taken, at every place: no more and no less than every second."""
    fine = Volume(np.ones((200, 2, 2), np.uint8), np.diag([0.1, 0.1, 0.1, 1.0]).astype(np.float32).astype(np.float64))
    fine.data[::2] = 0
    shape, affine = scaled(fine.affine, (200, 2, 2), (0.5, 0.5, 0.5))
    coarse = resample_identity(fine, shape, affine.astype(np.float32).astype(np.float64), nearest=True)
    np.testing.assert_array_equal(coarse.volume.data, np.ones((100, 1, 1), np.uint8))


@given(volume=LABEL_MAPS, shift=triples(st.integers(-5, 5)), nearest=st.booleans())
def test_a_shift_by_whole_voxels_is_a_pure_shift(volume: Volume, shift: Shape, nearest: bool) -> None:
    padded = np.pad(volume.data, 5)
    window = tuple(slice(5 + s, 5 + s + n) for s, n in zip(shift, volume.data.shape, strict=True))
    kept = np.prod([max(n - abs(s), 0) for s, n in zip(shift, volume.data.shape, strict=True)])
    grid = moved(volume.affine, shift)
    if kept == 0:
        with pytest.raises(DataRefusedError):
            resample_identity(volume, shape_of(volume.data), grid, nearest=nearest)
        return
    found = resample_identity(volume, shape_of(volume.data), grid, nearest=nearest)
    np.testing.assert_array_equal(found.volume.data, padded[window])
    assert found.lost == np.count_nonzero(volume.data) - np.count_nonzero(padded[window])
    assert found.covered == pytest.approx(kept / volume.data.size)


@given(volume=LABEL_MAPS, affine=affines(), size=shapes(6))
def test_each_point_takes_the_nearest_voxel_and_none_outside_the_field_of_view(
    volume: Volume, affine: Affine, size: Shape
) -> None:
    affine[:3, 3] = (volume.affine @ np.append((np.array(volume.data.shape) - 1) / 2, 1))[:3]
    try:
        found = resample_identity(volume, size, affine, nearest=True)
    except DataRefusedError:
        return  # a small grid may begin beside a thin slice
    points = np.indices(size).reshape(3, -1)
    places = (np.linalg.inv(volume.affine) @ affine)[:3] @ np.vstack([points, np.ones(points.shape[1])])
    outermost = np.array(volume.data.shape)[:, None] - 0.5
    for point, place in zip(points.T, places.T, strict=True):
        value = found.volume.data[tuple(point)]
        beyond = np.maximum(-0.5 - place, place - outermost[:, 0]).max()
        if beyond > 0.01:
            assert value == 0
        elif beyond < -0.01:
            candidates = np.argwhere(volume.data == value)
            assert (np.abs(candidates - place).max(axis=1) < 0.51).any()


@given(affine=affines(), degrees=st.floats(-40, 40), axis=st.sampled_from("xyz"))
def test_linear_interpolation_of_what_rises_evenly_in_the_world_is_exact(
    affine: Affine, degrees: float, axis: str
) -> None:
    shape, slope = (8, 9, 7), np.array([0.3, -0.2, 0.5])

    def ramp(to_world: Affine) -> Array:
        world = np.tensordot(to_world[:3, :3], np.indices(shape), 1) + to_world[:3, 3, None, None, None]
        return np.tensordot(slope, world, 1)

    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler(axis, degrees, degrees=True).as_matrix()
    middle = moved(affine, (3.2, 4.1, 2.9))[:3, 3]
    turn[:3, 3] = middle - turn[:3, :3] @ middle
    grid = turn @ affine
    found = resample_identity(Volume(ramp(affine), affine), shape, grid, nearest=False)
    places = np.tensordot((np.linalg.inv(affine) @ grid)[:3, :3], np.indices(shape), 1)
    places += (np.linalg.inv(affine) @ grid)[:3, 3, None, None, None]
    between_centres = np.all([(p >= 0) & (p <= n - 1) for p, n in zip(places, shape, strict=True)], axis=0)
    np.testing.assert_allclose(found.volume.data[between_centres], ramp(grid)[between_centres], rtol=1e-5, atol=1e-3)


def test_a_single_thick_slice_holds_to_its_faces_and_no_farther() -> None:
    volume = Volume(np.full((4, 4, 1), 7, np.int16), LAS)
    shape, affine = (4, 4, 10), moved(LAS @ np.diag([1, 1, 0.2, 1]), (0, 0, -4))  # 0.6 mm steps, from -2.4 to 3.0 mm
    for nearest in (True, False):
        found = resample_identity(volume, shape, affine, nearest=nearest)
        assert found.volume.data[0, 0].tolist() == [0, 0, 7, 7, 7, 7, 7, 0, 0, 0]
        assert found.covered == pytest.approx(0.5)


def test_what_lies_outside_the_new_grid_is_counted_as_lost() -> None:
    data = np.zeros((10, 10, 6), np.uint8)
    data[4, 4, :] = 1
    volume = Volume(data, LAS)
    found = resample_identity(volume, (10, 10, 2), moved(LAS, (0, 0, 1)), nearest=True)
    assert found.lost == 4
    assert found.volume.data.sum() == 2
    assert found.covered == 1.0


@given(shape=shapes(6), affine=affines(), factors=triples(st.sampled_from([0.5, 1, 2])))
def test_an_empty_mask_stays_empty(shape: Shape, affine: Affine, factors: tuple[float, float, float]) -> None:
    even = (2 * shape[0], 2 * shape[1], 2 * shape[2])
    found = resample_identity(Volume(np.zeros(even, np.uint8), affine), *scaled(affine, even, factors), nearest=True)
    assert not found.volume.data.any()
    assert found.lost == 0


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_a_mask_keeps_its_type_and_an_image_becomes_float(dtype: type[np.generic]) -> None:
    volume = Volume(np.ones((4, 5, 6), dtype), LAS, notes=("q-form used",))
    shape, affine = scaled(LAS, (4, 5, 6), (2, 1, 1))
    assert resample_identity(volume, shape, affine, nearest=True).volume.data.dtype == dtype
    image = resample_identity(volume, shape, affine, nearest=False).volume
    assert image.data.dtype == np.float32
    assert (image.data.shape, image.notes) == (shape, volume.notes)
    np.testing.assert_array_equal(image.affine, affine)


def test_an_image_beside_the_grid_is_refused_with_both_places() -> None:
    volume = Volume(np.ones((10, 10, 10), np.uint8), np.eye(4))
    with pytest.raises(DataRefusedError, match=r"x 0 to 10 mm.*x 50 to 60 mm"):
        resample_identity(volume, (10, 10, 10), moved(np.eye(4), (50.5, 0, 0)), nearest=True)
