from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from scipy import ndimage

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from nnunet_ext.report.registration_figure import registration_figure

Floats = npt.NDArray[np.float32]
LEGEND = 28  # rows at the bottom
HEAD = 22  # rows of words above each row of pictures
SAGITTAL = 250 + 6  # columns of a sagittal picture of a cube, with the gap behind it


def cord(shift: int = 0) -> Floats:
    """Make a bright canal around a dark cord, axes right, front and up, 1 mm voxels."""
    side, front, _ = (axis - (size - 1) / 2 for axis, size in zip(np.indices((48,) * 3), (48,) * 3, strict=True))
    radius = np.hypot(side, front - shift)
    data: Floats = ndimage.gaussian_filter(200 + 500.0 * (radius < 12) - 300 * (radius < 6), 0.7).astype(np.float32)
    return data


def rows(png: bytes) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    """Give the pixels of both rows of pictures, red, green and blue."""
    with Image.open(BytesIO(png)) as picture:
        assert picture.format == "PNG"
        drawn = np.asarray(picture.convert("RGB")).astype(np.int16)[:-LEGEND]
    half = len(drawn) // 2
    return drawn[HEAD:half], drawn[half + HEAD :]


def coloured(row: npt.NDArray[np.int16]) -> int:
    return int(np.count_nonzero(np.abs(row[..., 0] - row[..., 1]) > 60))


FIXED = Volume(cord(), np.eye(4))


def test_two_millimetres_are_seen_before_and_gone_after() -> None:
    before, after = rows(registration_figure(FIXED, cord(2), cord()))
    assert coloured(before) > 5000
    assert coloured(after) == 0


def test_what_only_the_fixed_image_has_is_green_and_what_only_the_other_has_magenta() -> None:
    marks = [np.zeros((48,) * 3, dtype=np.float32) for _ in range(2)]
    marks[0][:, 30:40] = 1  # in front
    marks[1][:, 8:18] = 1  # behind
    for row in rows(registration_figure(Volume(marks[0], np.eye(4)), marks[1], marks[1])):
        sagittal = row[:, : SAGITTAL - 6]
        green = np.nonzero((sagittal == (0, 255, 0)).all(axis=-1))[1]
        magenta = np.nonzero((sagittal == (255, 0, 255)).all(axis=-1))[1]
        assert green.max() < SAGITTAL / 2 < magenta.min()  # the front is on the left


def test_axial_pictures_have_the_front_on_top_and_the_right_on_the_left() -> None:
    mark = np.zeros((48,) * 3, dtype=np.float32)
    mark[30:44, 30:44] = 1  # axes go right, front and up
    _, after = rows(registration_figure(Volume(mark, np.eye(4)), mark, mark, around=np.ones(mark.shape, dtype=bool)))
    axial = after[:, 2 * SAGITTAL :][:, :310].min(axis=-1)
    down, across = ndimage.center_of_mass(axial > 200)
    assert down < 0.4 * axial.shape[0]
    assert across < 0.4 * axial.shape[1]


def test_edges_agree_where_contrasts_are_opposite() -> None:
    _, after = rows(registration_figure(FIXED, 1000 - cord(2), 1000 - cord()))
    images, edges = after[:, : SAGITTAL - 6], after[:, SAGITTAL : 2 * SAGITTAL - 6]
    assert coloured(images) > 5000
    assert coloured(edges) == 0
    assert edges.max() == 255


def test_the_picture_does_not_depend_on_how_the_file_stores_its_axes() -> None:
    affine = np.diag([0.8, 0.8, 2, 1])
    stored = [reorient(Volume(data, affine), "PSR") for data in (cord(), cord(2), cord(1))]
    expected = registration_figure(Volume(cord(), affine), cord(2), cord(1))
    assert registration_figure(stored[0], stored[1].data, stored[2].data) == expected


def test_the_slices_go_through_what_one_wants_to_look_at() -> None:
    dot = np.zeros((48,) * 3, dtype=np.float32)
    dot[6:9, 20:28, 38:41] = 1000  # far from the middle
    image = Volume(dot, np.eye(4))
    aimed, middle = registration_figure(image, dot, dot, around=dot > 0), registration_figure(image, dot * 0, dot * 0)
    assert (rows(aimed)[1] > 200).all(axis=-1).sum() > 1000
    assert (rows(middle)[1][60:] > 200).all(axis=-1).sum() < 200  # only the letters


@pytest.mark.parametrize("shape", [(30, 30, 1), (1, 30, 30), (2, 3, 4)])
def test_thin_and_empty_images_still_give_a_picture(shape: tuple[int, int, int]) -> None:
    nothing = np.zeros(shape, dtype=np.float32)
    drawn = rows(registration_figure(Volume(nothing, np.diag([1, 1, 20, 1.0])), nothing, nothing, nothing > 0))
    assert all(coloured(row) == 0 for row in drawn)


def test_a_picture_of_noisy_images_stays_of_a_size_for_a_page() -> None:
    rng = np.random.default_rng(0)
    fixed, moving = (rng.normal(300, 60, (24, 200, 200)).astype(np.float32) for _ in range(2))
    assert len(registration_figure(Volume(fixed, np.diag([3.3, 0.9, 0.9, 1])), moving, moving)) < 700_000


@pytest.mark.parametrize("name", ["before", "after", "around"])
def test_an_array_on_another_grid_is_refused_by_its_name(name: str) -> None:
    before, after, around = (cord()[int(name == one) :] for one in ("before", "after", "around"))
    with pytest.raises(DataRefusedError, match=rf"{name}.*\(48, 48, 48\).*\(47, 48, 48\)"):
        registration_figure(FIXED, before, after, around > 0)
