from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.cascade.prediction.continued_image import ContinuedImage
from nnunet_ext.cascade.prediction.segmentation import Segmentation
from nnunet_ext.core.orientation import reorient, upright_axis
from nnunet_ext.core.volume import Volume
from tests.cascade.prediction.stand_in import Threshold

MARGINS = Margins(1, 1, 1, 1, 1, 1)


class Seeing(Threshold):
    """Keeps what it was shown."""

    shown: Sequence[Volume] = ()

    def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
        self.shown = images
        return super().segment(images, boxes)


@pytest.mark.parametrize("axes", ["RAS", "LPI", "SAR", "AIL"])
def test_the_ends_along_the_body_are_repeated_and_nothing_else_changes(axes: str) -> None:
    data = np.random.default_rng(0).uniform(0, 250, (5, 6, 4)).astype(np.float32)
    image = reorient(Volume(data, np.diag([1.0, 1.0, 3.0, 1.0])), axes)
    seen, plain = Seeing(probabilities=True), Threshold(probabilities=True)
    found = ContinuedImage(seen, 10).segment([image])
    up = upright_axis(axes)
    slices = np.moveaxis(seen.shown[0].data, up, 0)
    expected = np.moveaxis(image.data, up, 0)
    np.testing.assert_array_equal(slices, expected[[0, 0, 0, 0, 1, 2, 3, 3, 3, 3]])
    wanted = plain.segment([image])
    for region in plain.regions:
        np.testing.assert_array_equal(found.masks[region], wanted.masks[region])
        np.testing.assert_array_equal(found.probabilities[region], wanted.probabilities[region])


@given(start=st.integers(0, 5), voxels=st.integers(1, 6), reach=st.floats(0, 30))
def test_a_box_goes_on_with_the_image_and_holds_what_it_held(start: int, voxels: int, reach: float) -> None:
    stop = min(start + voxels, 6)
    box = Box((1, 0, start), (3, 4, stop))
    image = Volume(np.full((4, 4, 6), 150, np.float32), np.diag([1.0, 1.0, 2.0, 1.0]))
    seen = Seeing(crop_margins=MARGINS)
    one = ContinuedImage(seen, reach)
    found = one.segment([image], [box])
    inside = np.zeros((4, 4, 6), np.bool_)
    inside[box.slices] = True
    np.testing.assert_array_equal(found.masks["sc"], inside)
    ((given_box,),) = seen.calls
    more = round(reach / 2)
    assert given_box.shape[2] == stop - start + more * ((start == 0) + (stop == 6))
    assert (one.regions, one.crop_margins) == (seen.regions, MARGINS)
    assert {mask.shape for mask in one.nothing((2, 3, 4)).masks.values()} == {(2, 3, 4)}
