from dataclasses import replace

import numpy as np
import pytest

from nnunet_ext.cascade.box import Box, apply_box
from nnunet_ext.cascade.prediction.cut_box import cut_box, paste_box
from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.cascade.prediction.preprocess import preprocess
from nnunet_ext.cascade.prediction.segmentation import Segmentation
from tests.cascade.prediction.tiny_model import TinyModel, noise

SHAPE = (80, 90, 70)


@pytest.mark.parametrize("transpose", [(0, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize(
    "box",
    [
        Box((20, 15, 11), (61, 70, 48)),
        Box((0, 15, 0), (61, 70, 70)),
        Box((20, 0, 0), (61, 90, 70)),
        Box((0, 0, 11), (80, 90, 48)),
        Box((0, 0, 0), SHAPE),
    ],
)
def test_the_network_sees_the_very_array_that_stock_makes_of_zeros_around_a_box(
    box: Box, transpose: tuple[int, int, int]
) -> None:
    model = NnunetModel.of(TinyModel(transpose=transpose, channels=2).in_memory())
    images = [noise(SHAPE, seed=seed) for seed in (1, 2)]
    cut, inner = cut_box(images, box)
    ours, placement = preprocess(cut, model)
    stock, _ = preprocess([apply_box(image, box) for image in images], model)
    assert np.abs(ours.numpy() - stock.numpy()).max() == 0.0
    assert placement.find(inner) == Box.whole(placement.shape)


def test_what_was_cut_is_put_back_where_it_was() -> None:
    image, box = noise((9, 8, 7)), Box((2, 0, 3), (6, 5, 7))
    (cut,), inner = cut_box([image], box)
    assert cut.data.shape == (6, 6, 5)
    mask, values = cut.data > 100, cut.data
    back = paste_box(Segmentation({"sc": mask}, {"sc": values}, {}), inner, box, image.data.shape)
    boxed = apply_box(image, box).data
    np.testing.assert_array_equal(back.probabilities["sc"], boxed)
    np.testing.assert_array_equal(back.masks["sc"], boxed > 100)
    assert back.masks["sc"].dtype == np.bool_
    assert back.disagreement == {}


def test_the_images_stay_as_they_are() -> None:
    image = noise((9, 8, 7))
    kept = replace(image, data=image.data.copy())
    cut, _ = cut_box([image], Box((1, 1, 1), (5, 5, 5)))
    cut[0].data[...] = -1
    np.testing.assert_array_equal(image.data, kept.data)
