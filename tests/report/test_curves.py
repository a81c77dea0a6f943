from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.report.colours import LINE_COLOURS
from nnunet_ext.report.curves import training_figure

NAN = float("nan")


def pixels(png: bytes) -> npt.NDArray[np.uint8]:
    with Image.open(BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"))


def area_of(colour: str, half: npt.NDArray[np.uint8]) -> int:
    return int(np.count_nonzero(np.abs(half.astype(float) - 255 * np.array(to_rgb(colour))).max(axis=-1) < 40))


def test_losses_stand_on_the_left_and_each_region_on_the_right() -> None:
    picture = pixels(training_figure([0, -0.3, -0.6], [0, -0.2, -0.5], {"sc": [0.1, 0.5, 0.9], "lesion": [0, 0, 0.4]}))
    middle = picture.shape[1] // 2
    for half in (picture[:, :middle], picture[:, middle:]):
        assert area_of(LINE_COLOURS[0], half) > 100
        assert area_of(LINE_COLOURS[1], half) > 100


def test_a_region_that_was_never_seen_leaves_a_gap_and_no_error() -> None:
    seen = training_figure([0, -1], [0, -1], {"sc": [0.5, 0.9]})
    unseen = training_figure([0, -1], [0, -1], {"sc": [NAN, NAN]})
    middle = pixels(seen).shape[1] // 2
    assert area_of(LINE_COLOURS[0], pixels(unseen)[:, middle:]) < area_of(LINE_COLOURS[0], pixels(seen)[:, middle:])


def test_a_single_epoch_is_visible() -> None:
    one = pixels(training_figure([-0.4], [-0.4], {"sc": [0.5]}))
    none = pixels(training_figure([-0.4], [-0.4], {"sc": [NAN]}))
    assert not np.array_equal(one, none)


def test_the_same_values_give_the_same_bytes() -> None:
    assert training_figure([0, -1], [0, -1], {}) == training_figure([0, -1], [0, -1], {})


@pytest.mark.parametrize(
    ("train", "validation", "dice"),
    [([], [], {}), ([1.0, 2.0], [1.0], {}), ([1.0], [1.0], {"lesion": [0.5, 0.6]})],
)
def test_no_epoch_or_uneven_lengths_are_refused(
    train: list[float], validation: list[float], dice: dict[str, list[float]]
) -> None:
    with pytest.raises(DataRefusedError, match=f"training loss {len(train)}"):
        training_figure(train, validation, dice)
