import time
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from PIL import Image

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.report.colours import REFERENCE_COLOURS
from nnunet_ext.report.thumbnail import thumbnail
from tests.strategies import shapes, thorough, triples

CORD, LESION, *_ = REFERENCE_COLOURS
VALUES = {"sc": (1, 2), "lesion": (2,)}
LEGEND = 18  # rows at the bottom
SIDE = 204  # columns that the sagittal picture may take
Spacing = tuple[float, float, float]


def cube(spacing: Spacing = (1, 1, 1)) -> tuple[Volume, npt.NDArray[np.uint8]]:
    """Make a dark volume, axes right, front and up, with a bright cord that holds a brighter lesion."""
    labels = np.zeros((40, 44, 36), dtype=np.uint8)
    labels[16:24, 18:26, 4:32] = 1
    labels[17:20, 22:26, 8:16] = 2  # nowhere in the middle: a flip would show
    noise = np.random.default_rng(0).normal(0, 20, labels.shape)
    return Volume((300.0 * labels + noise).astype(np.float32), np.diag([*spacing, 1.0])), labels


def pixels(png: bytes) -> npt.NDArray[np.float64]:
    with Image.open(BytesIO(png)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(float)[:-LEGEND]


def where(colour: str, png: bytes) -> npt.NDArray[np.bool_]:
    """Find a colour, the legend left out."""
    found: npt.NDArray[np.bool_] = np.abs(pixels(png) - np.round(255 * np.array(to_rgb(colour)))).max(axis=-1) < 3
    return found


def extent(found: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Give the first and last row and column."""
    rows, columns = np.nonzero(found)
    return int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())


def panels(picture: Array, sagittal_width: int) -> tuple[Array, Array]:
    return picture[:, :sagittal_width], picture[:, sagittal_width + 4 :]


def test_each_region_is_outlined_in_its_own_colour_in_both_slices() -> None:
    image, labels = cube()
    drawn = thumbnail(image, labels, VALUES)
    for colour in (CORD, LESION):
        assert all(panel.sum() > 20 for panel in panels(where(colour, drawn), SIDE))


def test_a_line_runs_around_what_it_outlines() -> None:
    image, labels = cube()
    block = Volume((labels == 2).astype(np.float32), image.affine)
    drawn = thumbnail(block, labels, VALUES)
    for line, bright in zip(
        panels(where(LESION, drawn), SIDE), panels(pixels(drawn).min(axis=-1) > 140, SIDE), strict=True
    ):
        bright[:, :14] = False  # the letter
        bright[:, -8:] = False  # the mark
        top, bottom, left, right = extent(line)
        rows, columns = np.nonzero(bright)
        assert top <= rows.min() <= top + 4
        assert bottom - 4 <= rows.max() <= bottom
        assert left <= columns.min() <= left + 4
        assert right - 4 <= columns.max() <= right


def test_the_front_is_on_the_left_and_the_head_on_top_of_the_sagittal_slice() -> None:
    labels = np.zeros((40, 40, 40), dtype=np.uint8)
    labels[:, 30:38, 30:38] = 1
    sagittal, _ = panels(where(CORD, thumbnail(Volume(labels, np.eye(4)), labels, {"sc": (1,)})), 204)
    rows, columns = np.nonzero(sagittal)
    assert rows.mean() < 0.4 * sagittal.shape[0]
    assert columns.mean() < 0.4 * sagittal.shape[1]


def test_the_front_is_on_top_and_the_right_on_the_left_of_the_axial_slice() -> None:
    labels = np.zeros((40, 40, 40), dtype=np.uint8)
    labels[32:38, 32:38] = 1  # axes go right, front and up
    _, axial = panels(where(CORD, thumbnail(Volume(labels, np.eye(4)), labels, {"sc": (1,)})), 204)
    shown = axial[(axial.shape[0] - axial.shape[1]) // 2 :][: axial.shape[1]]  # a square in the middle of the height
    rows, columns = np.nonzero(shown)
    assert rows.mean() < 0.4 * shown.shape[0]
    assert columns.mean() < 0.4 * shown.shape[1]


@pytest.mark.parametrize("axes", ["LAS", "PSR", "AIL", "SRP"])
def test_the_picture_does_not_depend_on_how_the_file_stores_its_axes(axes: str) -> None:
    image, labels = cube((0.7, 0.7, 2))
    stored, turned = reorient(image, axes), reorient(Volume(labels, image.affine), axes).data
    assert thumbnail(stored, turned, VALUES) == thumbnail(image, labels, VALUES)


@pytest.mark.parametrize(
    ("shape", "spacing"), [((40, 60, 3), (0.5, 0.5, 37)), ((12, 90, 90), (3.3, 0.8, 0.8)), ((30, 30, 30), (1, 1, 1))]
)
def test_proportions_are_true_whatever_the_voxels_are(shape: tuple[int, int, int], spacing: Spacing) -> None:
    full = np.ones(shape, dtype=np.uint8)  # outlined along the edges of both pictures
    line = where(CORD, thumbnail(Volume(full, np.diag([*spacing, 1.0])), full, {"sc": (1,)}))
    gap = int(np.flatnonzero(~line.any(axis=0))[0])
    across, along, up = (voxels * size for voxels, size in zip(shape, spacing, strict=True))
    for panel, true in zip(panels(line, gap), (along / up, across / along), strict=True):
        top, bottom, left, right = extent(panel)
        assert (right - left + 1) / (bottom - top + 1) == pytest.approx(true, rel=0.03)


def test_a_stray_voxel_in_another_slice_shows_as_a_dotted_line() -> None:
    image, labels = cube()
    astray = labels.copy()
    astray[2:5, 2:6, 6:10] = 2  # right of the cord, behind it and low
    found = where(LESION, thumbnail(image, astray, VALUES))[:, :SIDE]
    below_and_behind = found[found.shape[0] * 2 // 3 :, SIDE * 3 // 4 :]
    assert 4 < below_and_behind.sum() < 60


def test_a_single_voxel_of_a_fine_image_is_visible() -> None:
    labels = np.zeros((600, 600, 3), dtype=np.uint8)
    labels[40:560, 40:560] = 1
    labels[301, 299, 1] = 2
    image = Volume(labels.astype(np.float32), np.diag([0.3, 0.3, 3, 1]))
    _, axial = panels(where(LESION, thumbnail(image, labels, VALUES)), SIDE)
    assert axial.any()


@pytest.mark.parametrize("labels", ["absent", "empty"])
def test_without_a_label_there_is_no_line_and_the_picture_says_which(labels: str) -> None:
    image, _ = cube()
    nothing = None if labels == "absent" else np.zeros(image.data.shape, dtype=np.uint8)
    drawn = thumbnail(image, nothing, VALUES)
    assert not where(CORD, drawn).any()
    assert not where(LESION, drawn).any()
    other = np.zeros(image.data.shape, dtype=np.uint8) if nothing is None else None
    assert thumbnail(image, other, VALUES) != drawn  # the words below differ


def test_an_image_of_one_value_still_shows_its_mask() -> None:
    _, labels = cube()
    flat = Volume(np.full(labels.shape, 7, dtype=np.int16), np.eye(4))
    assert where(CORD, thumbnail(flat, labels, VALUES)).sum() > 100


@thorough(0.25)
@given(
    shapes(30),
    triples(st.sampled_from([0.2, 0.5, 1.0, 4.0, 40.0])),
    st.integers(0, 3),
)
def test_any_image_gives_a_picture_that_fits(shape: tuple[int, int, int], spacing: Spacing, highest: int) -> None:
    rng = np.random.default_rng(highest)
    labels = rng.integers(0, highest, shape, endpoint=True).astype(np.uint8)
    image = Volume(rng.normal(100, 30, shape).astype(np.float32), np.diag([*spacing, 1.0]))
    with Image.open(BytesIO(thumbnail(image, labels, VALUES))) as picture:
        assert picture.width <= 420
        assert picture.height <= 260


def test_a_picture_is_small_and_quickly_made() -> None:
    _, labels = cube()
    ratio = tuple(-(-size // old) for size, old in zip((256, 256, 24), labels.shape, strict=True))
    large = np.kron(labels, np.ones(ratio, dtype=np.uint8))[:256, :256, :24]
    noise = np.random.default_rng(0).normal(0, 40, large.shape)
    typical = Volume((200 + 150.0 * large + noise).astype(np.float32), np.diag([0.7, 0.7, 3.3, 1]))
    assert len(thumbnail(typical, large, VALUES)) < 50_000
    start = time.process_time()
    for _ in range(5):
        thumbnail(typical, large, VALUES)
    assert (time.process_time() - start) / 5 < 0.5  # ten times what it takes


def test_labels_on_another_grid_are_refused() -> None:
    image, labels = cube()
    with pytest.raises(DataRefusedError, match=r"\(40, 44, 36\).*\(40, 44, 35\)"):
        thumbnail(image, labels[:, :, 1:], VALUES)
