import itertools

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.grid import displacement
from nnunet_ext.core.volume import Affine
from tests.strategies import ANGLES, Triple, affines, triples


@given(shift=triples(st.floats(-5, 5)), angles=ANGLES, affine=affines(shear=0.2))
def test_the_closed_formula_is_the_mean_over_all_voxels(shift: Triple, angles: Triple, affine: Affine) -> None:
    shape = (4, 5, 3)
    turn = nib.affines.from_matvec(nib.eulerangles.euler2mat(*angles), shift)
    other = turn @ affine
    voxels = np.array([[*index, 1] for index in itertools.product(*map(range, shape))], dtype=float)
    moved = (voxels @ (other - affine).T)[:, :3]
    in_voxels = moved @ np.linalg.inv(affine[:3, :3]).T
    found = displacement(shape, affine, other)
    assert found.rms_mm == pytest.approx(np.sqrt((moved**2).sum(axis=1).mean()), abs=1e-9)
    assert found.rms_voxels == pytest.approx(np.sqrt((in_voxels**2).mean(axis=0)).max(), abs=1e-9)


def test_a_rotation_about_the_centre_is_seen() -> None:
    centre = np.array([50, 50, 10.0])
    turn = nib.eulerangles.euler2mat(0.1)
    other = nib.affines.from_matvec(turn, centre - turn @ centre)
    found = displacement((101, 101, 21), np.eye(4), other)
    assert found.centre_mm == pytest.approx(0, abs=1e-9)
    assert found.rms_voxels > 2


def test_the_same_grid_is_no_distance_away() -> None:
    found = displacement((3, 4, 5), np.eye(4), np.eye(4))
    assert (found.rms_mm, found.centre_mm, found.rms_voxels) == (0, 0, 0)
