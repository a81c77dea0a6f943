import nibabel as nib
import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.orientation import reorient, sct_letters
from nnunet_ext.core.volume import Volume
from tests.strategies import ALL_AXES, AXES, SEEDS, volumes


def test_there_are_48_orientations() -> None:
    assert len(set(ALL_AXES)) == 48


@pytest.mark.parametrize(("nibabel_letters", "sct"), [("LAS", "RPI"), ("RAS", "LPI"), ("PSR", "AIL")])
def test_sct_says_where_an_axis_starts(nibabel_letters: str, sct: str) -> None:
    assert sct_letters(nibabel_letters) == sct
    assert sct_letters(sct) == nibabel_letters


@given(volume=volumes(np.int16, shear=0.2), start=AXES, goal=AXES, seed=SEEDS)
def test_every_voxel_stays_at_its_place_in_the_world(volume: Volume, start: str, goal: str, seed: int) -> None:
    first = reorient(volume, start)
    turned = reorient(first, goal)
    assert turned.axes == goal
    voxel = tuple(np.random.default_rng(seed).integers(0, turned.data.shape))
    world = turned.affine @ [*voxel, 1]
    source = np.rint(np.linalg.inv(volume.affine) @ world)[:3].astype(int)
    assert turned.data[voxel] == volume.data[tuple(source)]
    np.testing.assert_array_equal(reorient(turned, start).data, first.data)


def test_an_oblique_affine_stays_oblique() -> None:
    turn = nib.eulerangles.euler2mat(0.2, 0.1, -0.15)
    volume = Volume(np.zeros((2, 3, 4), np.uint8), nib.affines.from_matvec(turn @ np.diag([1, 2, 3.0]), [1, 2, 3]))
    turned = reorient(volume, "LAS")
    assert turned.voxel_volume_mm3 == pytest.approx(6)
    assert np.abs(turned.affine[:3, :3]).min() > 0


@pytest.mark.parametrize("axes", ["", "LA", "LAX", "LLS", "LRS", "RASS"])
def test_letters_that_name_no_orientation_are_refused(axes: str) -> None:
    with pytest.raises(UsageError, match="three axis letters"):
        sct_letters(axes)
