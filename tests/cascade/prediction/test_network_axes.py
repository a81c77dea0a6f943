import nibabel as nib
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.preprocess import NetworkAxes
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Affine, Volume
from tests.strategies import AXES, ORDERS, boxes

SHAPE = (4, 6, 5)


@given(lies=AXES, wanted=st.none() | AXES, order=ORDERS)
def test_a_frame_is_the_turned_image_read_last_axis_first(lies: str, wanted: str | None, order: list[int]) -> None:
    values = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    volume = Volume(values, _affine(lies))
    turned = volume if wanted is None else reorient(volume, wanted)
    frame = NetworkAxes.of_reader(SHAPE, volume.affine, wanted).transposed(order)
    np.testing.assert_array_equal(frame.view(values), turned.data.transpose(2, 1, 0).transpose(order))


@given(box=boxes(SHAPE), lies=AXES, wanted=AXES, order=ORDERS)
def test_a_box_holds_the_same_voxels_in_the_frame(box: Box, lies: str, wanted: str, order: list[int]) -> None:
    frame = NetworkAxes.of_reader(SHAPE, _affine(lies), wanted).transposed(order)
    drawn = np.zeros(SHAPE)
    drawn[box.slices] = 1
    assert Box.around(frame.view(drawn)) == frame.box(box)


def test_what_is_written_to_the_view_is_in_the_image() -> None:
    values = np.zeros(SHAPE)
    NetworkAxes.of_reader(SHAPE, _affine("PIR"), "LAS").view(values)[...] = 7
    assert (values == 7).all()


def _affine(letters: str) -> Affine:
    """Let the axes go along nibabel's letters."""
    turn = nib.orientations.axcodes2ornt(tuple(letters))
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, (world, direction) in enumerate(turn):
        affine[int(world), axis] = direction
    return affine
