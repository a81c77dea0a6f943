from collections.abc import Sequence

import numpy as np

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.cascade.prediction.lesions_in_cord import LesionsInCord
from nnunet_ext.cascade.prediction.segmentation import Segmentation
from nnunet_ext.core.volume import Volume
from tests.cascade.prediction.stand_in import Threshold

MARGINS = Margins(1, 1, 1, 1, 1, 1)


class Half(Threshold):
    """A cord model that sees the lower half alone, and calls nothing above 200 cord: a lesion is no cord to it."""

    def segment(self, images: Sequence[Volume], boxes: Sequence[Box] = ()) -> Segmentation:
        data = images[0].data.copy()
        data[data > 200] = 0
        data[:, :, data.shape[2] // 2 :] = 0
        return super().segment([Volume(data, images[0].affine)], boxes)


def test_the_cord_is_one_model_s_with_the_lesions_of_the_other() -> None:
    data = np.zeros((8, 8, 8), np.float32)
    data[2:6, 2:6], data[3:5, 3:5, 2:6] = 150, 250
    lesions = Threshold(probabilities=True)
    both = LesionsInCord(Half(regions=("sc",), crop_margins=MARGINS, probabilities=True), lesions)
    box = Box((1, 1, 1), (7, 7, 7))
    found = both.segment([Volume(data, np.eye(4))], [box])
    inside = np.zeros(data.shape, np.bool_)
    inside[box.slices] = True
    lesion = (data > 200) & inside
    lower = (data > 100) & inside & (np.arange(8) < 4)
    np.testing.assert_array_equal(found.masks["lesion"], lesion)
    np.testing.assert_array_equal(found.masks["sc"], lower | lesion)
    assert (found.probabilities["sc"] >= found.probabilities["lesion"]).all()
    assert (both.regions, both.crop_margins) == (("sc", "lesion"), MARGINS)
    assert both.name.count(" + ") == 1
    assert lesions.calls == [(box,)]


def test_nothing_is_empty_in_every_region() -> None:
    both = LesionsInCord(Threshold(regions=("sc",)), Threshold())
    nothing = both.nothing((2, 3, 4))
    assert {name: (mask.shape, bool(mask.any())) for name, mask in nothing.masks.items()} == {
        "sc": ((2, 3, 4), False),
        "lesion": ((2, 3, 4), False),
    }


def test_where_either_was_trained_on_boxes_there_is_one_box() -> None:
    boxed, whole = Threshold(crop_margins=MARGINS), Threshold()
    assert LesionsInCord(whole, boxed).crop_margins == LesionsInCord(boxed, whole).crop_margins == MARGINS
    assert LesionsInCord(whole, whole).crop_margins is None
