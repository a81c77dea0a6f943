from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from scipy import ndimage

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from nnunet_ext.report.colours import PREDICTION_COLOURS, REFERENCE_COLOURS
from nnunet_ext.report.overlay import RegionMasks, case_figure

Masks = dict[str, npt.NDArray[np.bool_]]


def phantom(shape: tuple[int, int, int] = (48, 48, 20), spacing: tuple[float, float, float] = (1, 1, 3)) -> Volume:
    """Make a bright canal around a dark cord in noise, axes right, front and up."""
    left_right, front_back, _ = (offsets * size for offsets, size in zip(_offsets(shape), spacing, strict=True))
    radius = np.hypot(left_right, front_back)
    rng = np.random.default_rng(0)
    data = 200 + 30 * rng.standard_normal(shape) + 400 * (radius < 9) - 250 * (radius < 5)
    return Volume(data.astype(np.float32), np.diag([*spacing, 1.0]))


def masks(image: Volume) -> Masks:
    left_right, front_back, up = (
        offsets * size for offsets, size in zip(_offsets(image.data.shape), image.spacing, strict=True)
    )
    cord = np.hypot(left_right, front_back) + 0 * up < 5
    return {"sc": cord, "lesion": cord & (left_right > 1) & (np.abs(up) < 7)}


def _offsets(shape: tuple[int, ...]) -> list[npt.NDArray[np.float64]]:
    return [axis - (size - 1) / 2 for axis, size in zip(np.indices(shape), shape, strict=True)]


def pixels(png: bytes) -> npt.NDArray[np.uint8]:
    with Image.open(BytesIO(png)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def area_of(colour: str, png: bytes) -> int:
    """Count the pixels close to a colour, the legend at the bottom left out."""
    panels = pixels(png)[:-45].astype(float)
    return int(np.count_nonzero(np.abs(panels - 255 * np.array(to_rgb(colour))).max(axis=-1) < 30))


def test_reference_and_prediction_of_each_region_are_outlined_in_their_own_colours() -> None:
    image = phantom()
    regions = {name: RegionMasks(mask, np.roll(mask, 3, axis=1)) for name, mask in masks(image).items()}
    drawn, plain = case_figure(image, regions), case_figure(image, {})
    for colour in (*REFERENCE_COLOURS[:2], *PREDICTION_COLOURS[:2]):
        assert area_of(colour, drawn) > 50
        assert area_of(colour, plain) == 0


@pytest.mark.parametrize("empty", [False, True], ids=["absent", "empty"])
def test_a_case_without_a_reference_shows_its_prediction_alone(empty: bool) -> None:
    image = phantom()
    nothing = np.zeros(image.data.shape, dtype=np.bool_) if empty else None
    png = case_figure(image, {name: RegionMasks(nothing, mask) for name, mask in masks(image).items()})
    assert all(area_of(colour, png) == 0 for colour in REFERENCE_COLOURS[:2])
    assert all(area_of(colour, png) > 50 for colour in PREDICTION_COLOURS[:2])


def test_an_empty_prediction_leaves_the_reference_visible() -> None:
    image = phantom()
    nothing = np.zeros(image.data.shape, dtype=np.bool_)
    png = case_figure(image, {name: RegionMasks(mask, nothing) for name, mask in masks(image).items()})
    assert all(area_of(colour, png) > 50 for colour in REFERENCE_COLOURS[:2])
    assert all(area_of(colour, png) == 0 for colour in PREDICTION_COLOURS[:2])


@pytest.mark.parametrize("axes", ["LAS", "PSR", "AIL", "SRP"])
def test_the_picture_does_not_depend_on_how_the_file_stores_its_axes(axes: str) -> None:
    image = phantom()
    regions = masks(image)
    stored = reorient(image, axes)
    turned = {name: reorient(Volume(mask, image.affine), axes).data.astype(np.bool_) for name, mask in regions.items()}
    expected = case_figure(image, {name: RegionMasks(mask, None) for name, mask in regions.items()})
    assert case_figure(stored, {name: RegionMasks(mask, None) for name, mask in turned.items()}) == expected


@pytest.mark.parametrize("spacing", [(1, 1, 1), (0.5, 0.5, 5), (4, 0.8, 0.8), (1, 3, 1)])
def test_a_ball_stays_round_whatever_the_voxels_are(spacing: tuple[float, float, float]) -> None:
    shape = tuple(round(60 / size) for size in spacing)
    distance = np.sqrt(sum((offsets * size) ** 2 for offsets, size in zip(_offsets(shape), spacing, strict=True)))
    ball = Volume((1000 * (distance < 22)).astype(np.int16), np.diag([*spacing, 1.0]))
    bright = pixels(case_figure(ball, {})).min(axis=-1) > 120
    labels, _ = ndimage.label(bright)
    largest = ndimage.find_objects(labels)[np.bincount(labels.ravel())[1:].argmax()]
    height, width = (side.stop - side.start for side in largest)
    assert height / width == pytest.approx(1, abs=2 * max(spacing) / 44)  # a voxel more or less on either side


def test_axial_pictures_have_the_right_on_the_left_and_the_front_on_top() -> None:
    data = np.zeros((40, 40, 40), dtype=np.int16)
    data[22:38, 22:38] = 1000  # axes go right, front, up: the patient's front right
    picture = pixels(case_figure(Volume(data, np.eye(4)), {})).min(axis=-1)
    rows = round(0.46 * picture.shape[0])  # the last axial panel is square and fills the upper right corner
    panel = picture[:rows, -rows:] > 200
    down, across = ndimage.center_of_mass(panel)
    assert across < 0.4 * rows
    assert down < 0.4 * rows


def test_sagittal_pictures_have_the_front_on_the_left_and_the_head_on_top() -> None:
    data = np.zeros((40, 40, 40), dtype=np.int16)
    data[:, 25:38, 25:38] = 1000
    picture = pixels(case_figure(Volume(data, np.eye(4)), {})).min(axis=-1)
    side = round(0.2 * picture.shape[1])  # the first sagittal panel fills the left fifth
    down, across = ndimage.center_of_mass(picture[:-45, :side] > 200)
    assert across < 0.4 * side
    assert down < 0.4 * picture.shape[0]


@pytest.mark.parametrize("shape", [(48, 48, 1), (1, 48, 48), (2, 3, 4)])
def test_a_very_thin_volume_still_gives_a_picture(shape: tuple[int, int, int]) -> None:
    image = phantom(shape)
    assert min(pixels(case_figure(image, {"sc": RegionMasks(masks(image)["sc"], None)})).shape[:2]) > 300


def test_an_image_of_one_grey_value_still_gives_a_picture() -> None:
    flat = Volume(np.full((10, 10, 10), 7, dtype=np.int16), np.eye(4))
    assert pixels(case_figure(flat, {})).shape[0] > 300


def test_a_picture_of_a_noisy_case_stays_small() -> None:
    image = phantom((120, 120, 40), (0.5, 0.5, 3))
    regions = {name: RegionMasks(mask, mask) for name, mask in masks(image).items()}
    assert len(case_figure(image, regions)) < 160_000


def test_a_mask_on_another_grid_is_refused_by_the_name_of_its_region() -> None:
    image = phantom()
    with pytest.raises(DataRefusedError, match=r"lesion.*\(48, 48, 20\).*\(48, 48, 19\)"):
        case_figure(image, {"lesion": RegionMasks(None, masks(image)["lesion"][:, :, 1:])})
