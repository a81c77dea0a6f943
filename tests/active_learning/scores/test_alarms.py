from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from nnunet_ext.active_learning.scores.alarms import Alarm, alarms
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Array, Volume
from tests.strategies import AXES

AFFINE = np.diag([-1.0, 1.0, 3.0, 1.0])


def tube(
    across: tuple[int, int] = (9, 7), gap: slice | None = None, lesion: tuple[slice, ...] = ()
) -> tuple[Volume, Array]:
    """A bar of 1 x 1 x 3 mm voxels in an image of 12 slices, with a gap, and a lesion that is not cord."""
    cord = np.zeros((20, 20, 12), np.bool_)
    cord[3 : 3 + across[0], 3 : 3 + across[1], 1:11] = True
    if gap is not None:
        cord[:, :, gap] = False
    marked = np.zeros_like(cord)
    if lesion:
        marked[lesion] = True
    return Volume(cord, AFFINE), marked


def test_a_sound_cord_with_a_lesion_in_it_raises_none() -> None:
    cord, lesion = tube(lesion=(slice(5, 8), slice(4, 6), slice(4, 6)))
    assert alarms(cord, lesion) == ()
    assert alarms(cord, None) == ()


@pytest.mark.parametrize(
    ("across", "expected"),
    [((5, 6), ()), ((5, 5), (Alarm.THIN_CORD,)), ((13, 10), ()), ((13, 11), (Alarm.THICK_CORD,))],
)
def test_the_median_section_is_held_against_those_of_people(across: tuple[int, int], expected: tuple[Alarm]) -> None:
    assert alarms(*tube(across)) == expected


def test_a_cord_in_pieces_is_broken_and_specks_are_no_pieces() -> None:
    assert alarms(*tube(gap=slice(5, 6))) == (Alarm.BROKEN_CORD,)
    cord, lesion = tube()
    cord.data[17:19, 17:19, 3:5] = True  # 24 mm3
    assert alarms(cord, lesion) == ()
    cord.data[17:19, 17:19, 3:8] = True  # 60 mm3, side by side with the cord
    assert alarms(cord, lesion) == (Alarm.BROKEN_CORD,)


def test_nothing_else_is_said_of_a_cord_that_is_not_there() -> None:
    cord, lesion = tube()
    cord.data[...] = False
    assert alarms(cord, lesion) == (Alarm.EMPTY_CORD,)
    cord.data[4:8, 4:8, 3] = True  # 48 mm3
    assert alarms(cord, lesion) == (Alarm.EMPTY_CORD,)


def test_a_lesion_without_a_voxel_in_the_cord_is_outside_it() -> None:
    cord, lesion = tube(lesion=(slice(11, 14), slice(4, 6), slice(4, 6)))
    assert alarms(cord, lesion) == ()  # it begins in the cord
    lesion[16, 16, 6] = True
    assert alarms(cord, lesion) == (Alarm.LESION_OUTSIDE_CORD,)
    cord.data[...] = False
    assert alarms(cord, lesion) == (Alarm.EMPTY_CORD, Alarm.LESION_OUTSIDE_CORD)


@given(axes=AXES)
def test_the_axes_of_the_image_decide_nothing(axes: str) -> None:
    cord, lesion = tube((13, 11), slice(5, 6), (slice(15, 17), slice(15, 17), slice(2, 3)))
    turned = reorient(Volume(lesion, AFFINE), axes).data
    assert alarms(reorient(cord, axes), turned) == alarms(cord, lesion)
    assert len(alarms(cord, lesion)) == 3


@pytest.mark.real
def test_no_cord_that_people_drew_raises_one_and_grey_matter_is_too_thin_for_a_cord(real_data: Path) -> None:
    def said(pattern: str) -> list[tuple[Alarm, ...]]:
        files = sorted(real_data.parent.glob(f"*/**/{pattern}"))
        return [alarms(Volume(mask.data > 0.5, mask.affine), None) for mask in map(read_volume, files)]

    cords, grey = said("*_seg-manual.nii.gz"), said("*_gmseg-manual.nii.gz")
    assert len(cords) >= 20
    assert set(cords) == {()}
    assert len(grey) == 3
    assert all(Alarm.THIN_CORD in one for one in grey)
