import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.phantom.cord_coordinates import CordFrame, Lattice, cord_coordinates
from nnunet_ext.phantom.spine import Spine, build_spine, draw_build
from tests.strategies import SEEDS, shapes


def spine_of(seed: int) -> Spine:
    return build_spine(draw_build(np.random.default_rng(seed)))


@given(SEEDS, st.floats(-60, 420), st.floats(-30, 30), st.floats(-30, 30))
def test_a_point_put_beside_the_centreline_is_found_where_it_was_put(
    seed: int, down: float, right: float, front: float
) -> None:
    spine = spine_of(seed)
    x, y, z, tilt = (np.interp(down, spine.arc, table) for table in (spine.x, spine.y, spine.z, spine.tilt))
    point = np.array([x + right, y + front * np.cos(tilt), z + front * np.sin(tilt)])
    found = cord_coordinates(spine, point[:, None])[:, 0]
    assert found == pytest.approx([down, right, front], abs=0.3)


@given(shapes(17), st.floats(1, 9))
def test_a_linear_field_survives_sparse_sampling_exactly(shape: tuple[int, int, int], node_mm: float) -> None:
    affine = np.diag([1.0, 0.7, 3.0, 1.0])
    lattice = Lattice.covering(shape, affine, node_mm)
    x, y, z = lattice.points(affine)
    i, j, k = np.indices(shape)
    np.testing.assert_allclose(lattice.expand(2 * x - y + 0.3 * z), 2.0 * i - 0.7 * j + 0.9 * k, atol=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_sparse_sampling_of_the_cords_coordinates_errs_by_less_than_a_tenth_of_a_millimetre(seed: int) -> None:
    spine, shape = spine_of(seed), (12, 60, 60)
    affine = np.diag([1.5, 1.5, 1.5, 1.0])
    affine[:3, 3] = -15, -60, -120
    lattice = Lattice.covering(shape, affine)
    exact = cord_coordinates(spine, Lattice(shape, shape).points(affine))
    near = np.abs(exact[2]) < 15  # the sac and all in it; far behind a bent neck the rays cross
    sparse = [lattice.expand(values) for values in cord_coordinates(spine, lattice.points(affine))]
    assert max(np.abs(a - b)[near].max() for a, b in zip(sparse, exact, strict=True)) < 0.1


@given(st.floats(-9, 9), st.floats(-9, 9), st.floats(1, 9))
def test_a_box_holds_every_voxel_between_its_bounds(middle: float, other: float, width: float) -> None:
    grid = np.indices((24, 24, 24)).astype(np.float32) - 12
    frame = CordFrame(grid[0], grid[1], grid[2])
    bounds = ((middle, middle + width), (other, other + width), (-3.0, 4.0))
    inside = np.ones(grid[0].shape, dtype=bool)
    for values, (low, high) in zip(grid, bounds, strict=True):
        inside &= (values > low) & (values < high)
    box = frame.box(*bounds)
    assert box is not None
    assert inside[box].sum() == inside.sum()


def test_a_box_beyond_the_field_of_view_is_none() -> None:
    grid = np.indices((6, 6, 6)).astype(np.float32)
    assert CordFrame(grid[0], grid[1], grid[2]).box((50, 60), (0, 5), (0, 5)) is None
