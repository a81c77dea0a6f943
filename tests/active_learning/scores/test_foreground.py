import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.scores.foreground import foreground


def test_it_is_the_share_of_the_image_in_any_region() -> None:
    image = np.ones((4, 5, 5))
    masks = {"sc": np.zeros(image.shape, np.bool_), "lesion": np.zeros(image.shape, np.bool_)}
    assert foreground(masks, [image]) == 0
    masks["sc"][0, 0] = True
    masks["lesion"][0, 0, :2] = masks["lesion"][1, 1, 1] = True
    assert foreground(masks, [image]) == pytest.approx(6 / 100)


def test_an_image_of_zeros_has_none() -> None:
    assert foreground({"sc": np.ones((2, 2, 2), np.bool_)}, [np.zeros((2, 2, 2))]) == 0


@given(air=st.tuples(*[st.tuples(st.integers(0, 4), st.integers(0, 4))] * 3))
def test_planes_of_zeros_change_nothing(air: tuple[tuple[int, int], ...]) -> None:
    rng = np.random.default_rng(1)
    image, mask = 1 + rng.random((4, 5, 3)), rng.random((4, 5, 3)) > 0.5
    padded = foreground({"sc": np.pad(mask, air)}, [np.pad(image, air)])
    assert padded == foreground({"sc": mask}, [image])
