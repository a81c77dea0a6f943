from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.grid import ADOPTED_WITHIN, SAME_GRID, WRITTEN_FOR_IT, apart, lies_on, on_grid
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from tests.strategies import AXES

FILE = Path("sub-01_T2w_seg.nii.gz")
AFFINE = np.array([[0.5, 0, 0, -20], [0, 0.7, 0, 3], [0, 0, 3.0, 40], [0, 0, 0, 1]])


def volume(moved: float = 0.0) -> Volume:
    affine = AFFINE.copy()
    affine[2, 3] += moved
    return Volume(np.random.default_rng(2).integers(0, 9, (5, 6, 7)).astype(np.int16), affine)


@given(axes=AXES, other=AXES)
def test_whatever_the_axes_every_voxel_comes_to_lie_on_its_own(axes: str, other: str) -> None:
    grid = reorient(volume(), axes)
    laid, said = on_grid(reorient(volume(), other), grid, FILE, "reference")
    np.testing.assert_array_equal(laid.data, grid.data)
    np.testing.assert_array_equal(laid.affine, grid.affine)
    assert said == ()


def test_up_to_half_a_voxel_the_affine_is_taken_and_the_distance_told() -> None:
    laid, said = on_grid(volume(1.2), volume(), FILE, "lesion mask")
    np.testing.assert_array_equal(laid.affine, AFFINE)
    assert said == ("1.200 mm off, the lesion mask's affine adopted",)


def test_farther_away_it_is_refused_with_its_distance() -> None:
    with pytest.raises(FileRefusedError, match=r"reference was needed.* 1\.80 mm at the centre.*resample") as refused:
        on_grid(volume(1.8), volume(), FILE, "reference")
    assert refused.value.path == FILE


def test_another_shape_is_refused_with_both_shapes() -> None:
    smaller = Volume(volume().data[:4], AFFINE)
    with pytest.raises(FileRefusedError, match=r"\(4, 6, 7\) \(axes RAS\) and the reference's \(5, 6, 7\)"):
        on_grid(smaller, volume(), FILE, "reference")


@pytest.mark.parametrize(
    ("moved", "tolerances"),
    [
        (0.0, {SAME_GRID, WRITTEN_FOR_IT, ADOPTED_WITHIN}),
        (0.0029, {SAME_GRID, WRITTEN_FOR_IT, ADOPTED_WITHIN}),
        (0.29, {WRITTEN_FOR_IT, ADOPTED_WITHIN}),
        (1.49, {ADOPTED_WITHIN}),
        (1.51, set()),
    ],
)
def test_a_tolerance_is_a_part_of_a_voxel_and_not_of_a_millimetre(moved: float, tolerances: set[float]) -> None:
    every = (SAME_GRID, WRITTEN_FOR_IT, ADOPTED_WITHIN)
    within = {voxels for voxels in every if lies_on(volume(moved), volume(), voxels)}
    assert within == tolerances


def test_another_shape_never_lies_on_a_grid() -> None:
    smaller = Volume(volume().data[:4], AFFINE)
    assert apart(smaller, volume()) is None
    assert not lies_on(smaller, volume(), 1e9)
