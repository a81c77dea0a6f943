from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnunet_ext.classification.network.picture import write_map
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from tests.classification.network.made import TINY, made_crop

_, DEEP, HIGH = TINY.crop.size  # voxels of 1 x 2 mm
WIDE, TALL = DEEP * 4, HIGH * 8
BLUE = (0, 200, 255)


def drawn(tmp_path: Path, shown: Array, title: str = "") -> tuple[Array, Array, int]:
    """Draw a crop with a spot at the lower end; give the slice, the slice with the map, and the height of the title."""
    crop = made_crop(0, 16)
    crop.data[-2] = 0
    crop.data[-2, :, 4:12, 30:50] = 1
    write_map(tmp_path / "maps" / "sub-1.png", crop, shown.astype(np.float32), title)
    picture = np.asarray(Image.open(tmp_path / "maps" / "sub-1.png")).astype(int)
    height, left = len(picture) - TALL, (picture.shape[1] - 2 * WIDE - 8) // 2
    below = picture[height:]
    return below[:, left : left + WIDE], below[:, left + WIDE + 8 : left + 2 * WIDE + 8], height


def test_the_map_lies_over_the_right_slice_alone_head_up_and_front_to_the_left(tmp_path: Path) -> None:
    shown = np.zeros((DEEP, HIGH))
    shown[12:, 52:] = 1  # in front and above
    plain, over, height = drawn(tmp_path, shown)
    assert height == 0
    grey = (plain != BLUE).any(axis=2)
    assert (np.ptp(plain[grey], axis=1) == 0).all()
    changed = (plain != over).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert changed[:80, :8].all()
    assert rows.max() < TALL / 4
    assert columns.max() < WIDE / 2
    assert over[10, 4].sum() > plain[10, 4].sum()


def test_slice_and_lesion_lie_where_they_are(tmp_path: Path) -> None:
    plain, over, _ = drawn(tmp_path, np.zeros((DEEP, HIGH)))
    np.testing.assert_array_equal(plain, over)
    spot = plain[(HIGH - 1 - 16) * 8, WIDE // 2]
    assert spot.min() > 200
    assert plain[40].mean() < 130
    blue_rows, blue_columns = np.nonzero((plain == BLUE).all(axis=2))
    np.testing.assert_allclose([blue_rows.min(), blue_rows.max()], [(HIGH - 50) * 8, (HIGH - 30) * 8], atol=4)
    np.testing.assert_allclose([blue_columns.min(), blue_columns.max()], [4 * 4, 12 * 4], atol=3)
    middle = plain[(HIGH - 40) * 8, WIDE // 2]
    assert tuple(middle) != BLUE  # a line, not an area


def test_each_line_of_a_title_is_written_above(tmp_path: Path) -> None:
    flat = np.zeros((DEEP, HIGH))
    assert drawn(tmp_path, flat, "sub-1: MS 0.83")[2] < drawn(tmp_path, flat, "sub-1\nMS 0.83 (research use)")[2]
    picture = np.asarray(Image.open(tmp_path / "maps" / "sub-1.png"))
    for top in (4, 20):
        assert picture[top : top + 16].max() > 200


def test_a_crop_without_images_and_a_map_of_another_size(tmp_path: Path) -> None:
    crop = made_crop(0, present=(False, False))
    write_map(tmp_path / "map.png", crop, np.zeros((DEEP, HIGH), dtype=np.float32), "no image")
    assert np.asarray(Image.open(tmp_path / "map.png"))[100:].max() > 200
    with pytest.raises(DataRefusedError, match="a map of"):
        write_map(tmp_path / "map.png", crop, np.zeros((3, 3), dtype=np.float32), "")
