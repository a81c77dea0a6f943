import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.phantom.slices import Plane, place_grid
from tests.strategies import triples

DEGREES = triples(st.floats(-40, 40))


@given(st.sampled_from(Plane), DEGREES, DEGREES)
def test_the_middle_of_the_grid_lies_on_its_centre_and_voxels_keep_their_size(
    plane: Plane, lying: tuple[float, float, float], tilted: tuple[float, float, float]
) -> None:
    spacing = (3.3, 0.9, 1.1)
    grid = place_grid((8, 9, 10), spacing, plane, np.array([1.0, -20.0, -90.0]), lying, tilted)
    middle = np.array([3.5, 4.0, 4.5, 1.0])
    np.testing.assert_allclose(grid.to_patient @ middle, [1, -20, -90, 1], atol=1e-9)
    for affine in (grid.to_patient, grid.to_world):
        np.testing.assert_allclose(np.linalg.norm(affine[:3, :3], axis=0), spacing)
        assert np.linalg.det(affine[:3, :3]) == pytest.approx(np.prod(spacing))


@pytest.mark.parametrize("plane", list(Plane))
def test_the_thin_slices_of_a_slice_lie_evenly_around_its_middle(plane: Plane) -> None:
    grid = place_grid((6, 7, 8), (4.4, 4.5, 4.6), plane, np.zeros(3), (3, 2, 1), (0, 5, 0))
    axis = grid.slice_axis
    thin = np.tile([2.0, 3.0, 4.0, 1.0], (grid.fine, 1))
    thin[:, axis] = thin[0, axis] * grid.fine + np.arange(grid.fine)
    np.testing.assert_allclose((thin @ grid.fine_to_patient.T).mean(axis=0), grid.to_patient @ [2, 3, 4, 1], atol=1e-9)
    assert grid.fine_shape[axis] == grid.shape[axis] * grid.fine


def test_thick_slices_are_split_oddly_and_isotropic_ones_not_at_all() -> None:
    centre = np.zeros(3)
    for thick in np.arange(1.0, 9.0, 0.25).tolist():
        grid = place_grid((6, 7, 8), (1.0, 1.0, thick), Plane.AXIAL, centre, (0, 0, 0), (0, 0, 0))
        assert grid.fine % 2 == 1
        assert 0.6 < thick / grid.fine < 2.4
    assert place_grid((6, 7, 8), (1.0, 1.0, 1.0), Plane.ISOTROPIC, centre, (0, 0, 0), (0, 0, 0)).fine == 1


def test_an_untilted_slab_has_an_affine_along_the_scanner_however_the_patient_lies() -> None:
    grid = place_grid((6, 7, 8), (1.0, 1.0, 3.0), Plane.AXIAL, np.zeros(3), (9, -4, 6), (0, 0, 0))
    assert np.count_nonzero(grid.to_world[:3, :3]) == 3
    assert np.count_nonzero(grid.to_patient[:3, :3]) == 9
