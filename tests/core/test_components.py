from itertools import product

import numpy as np
import pytest
from scipy import ndimage

from nnunet_ext.core.components import components

THIN = [(1, 1, 3), (1, 1, 6), (1, 3, 1), (3, 1, 1), (1, 3, 3), (3, 3, 1), (1, 1, 9), (5, 1, 2)]


@pytest.mark.parametrize("shape", THIN)
def test_specks_in_the_thinnest_of_boxes_are_counted_as_scipy_does(shape: tuple[int, int, int]) -> None:
    for bits in product((False, True), repeat=int(np.prod(shape))):
        mask = np.array(bits).reshape(shape)
        found, count = components(mask)
        expected, parts = ndimage.label(mask, np.ones((3, 3, 3)))
        assert count == parts
        assert found.shape == shape
        np.testing.assert_array_equal(found > 0, mask)
        assert len(set(zip(found[mask].tolist(), expected[mask].tolist(), strict=True))) == parts


@pytest.mark.parametrize("shape", [(3, 3, 3), (2, 5, 3), (7, 2, 3)])
def test_specks_as_dense_as_can_be_are_all_counted(shape: tuple[int, int, int]) -> None:
    mask = np.zeros(shape, dtype=np.bool_)
    mask[::2, ::2, ::2] = True
    assert components(mask)[1] == np.count_nonzero(mask)
