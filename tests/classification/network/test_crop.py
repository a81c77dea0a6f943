from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from nnunet_ext.classification.cases.read_case import ReadCase
from nnunet_ext.classification.network.crop import Crop, crop_case
from nnunet_ext.classification.network.crop_file import read_crop, write_crop
from nnunet_ext.classification.network.settings import SOLID_CROP, CropSettings
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.volume import Array
from tests.classification.measures.scenes import EIGHT, Ellipsoid, Scene, scene

USUAL = CropSettings()
VOXEL_ML = 3.0 * 1.0 * 2.0 / 1000
LESION = Ellipsoid(middle=(1.0, -1.0, 12.0), halves=(2.5, 2.0, 14.0))


def read(drawn: Scene, **images: Array) -> ReadCase:
    return ReadCase(drawn.lesion, drawn.cord, {"T2w": drawn.image, **images})


def cropped(drawn: Scene, box: CropSettings = USUAL, channels: tuple[str, ...] = ("T2w",)) -> Crop:
    return crop_case(read(drawn), channels, box)


def centre_of(mask: Array) -> Array:
    """Give the centre of gravity, in voxels of the crop."""
    return np.array([float((axis * mask).sum() / mask.sum()) for axis in np.indices(mask.shape)])


@pytest.mark.parametrize("axes", EIGHT)
def test_the_same_voxels_in_another_order_give_the_same_crop(axes: str) -> None:
    drawn = scene(LESION, spacing=(1.0, 0.8, 2.5))
    upright, turned = cropped(drawn), cropped(drawn.turned(axes))
    np.testing.assert_allclose(turned.data, upright.data, atol=1e-4)
    np.testing.assert_allclose(turned.affine, upright.affine, atol=1e-9)


@settings(max_examples=6, deadline=None)
@given(
    spacing=st.tuples(st.floats(0.5, 3.3), st.floats(0.5, 1.2), st.floats(0.5, 3.0)),
    up=st.floats(-25, 25),
    left=st.floats(-2, 2),
)
def test_the_same_lesion_gives_the_same_crop_whatever_the_voxels(
    spacing: tuple[float, float, float], up: float, left: float
) -> None:
    lesion = Ellipsoid(middle=(left, 0.5, up), halves=(3.5, 2.5, 15.0))
    fine = cropped(scene(lesion, spacing=(0.6, 0.6, 0.6), bright=20.0))
    coarse = cropped(scene(lesion, spacing=spacing, bright=20.0))
    # Of a mask of 7 x 5 x 30 mm, drawn on voxels of up to 3.3 mm.
    assert np.abs(fine.data[-2] - coarse.data[-2]).mean() < 0.03
    assert np.abs(centre_of(fine.data[-2]) - centre_of(coarse.data[-2])).max() < 0.6
    assert np.abs(fine.data[-1] - coarse.data[-1]).mean() < 0.06


def test_the_crop_is_in_millimetres_and_in_the_cords_own_units() -> None:
    drawn = scene(Ellipsoid(middle=(1.0, -1.0, 12.0), halves=(5, 3, 14)), bright=5.0)
    crop = cropped(drawn)
    assert crop.data.shape == (3, 3, 32, 64)
    assert crop.data.dtype == np.float32
    volume = drawn.lesion.data.sum() * drawn.lesion.voxel_volume_mm3 / 1000
    assert crop.data[-2].sum() * VOXEL_ML == pytest.approx(volume, rel=0.1)
    middle = crop.data[:, 1]
    assert np.median(middle[0][middle[1] > 0.99]) == pytest.approx(5.0, abs=0.5)
    assert np.median(middle[0][(middle[2] > 0.99) & (middle[1] == 0)]) == pytest.approx(0.0, abs=0.1)
    np.testing.assert_allclose(centre_of(crop.data[-2]), (1, 15.5, 31.5), atol=0.5)
    world = crop.affine @ (*centre_of(crop.data[-2]), 1)
    found = drawn.lesion.affine @ (*np.argwhere(drawn.lesion.data).mean(axis=0), 1)
    np.testing.assert_allclose(world, found, atol=0.5)


def test_gain_and_brightness_of_the_scanner_do_not_matter() -> None:
    drawn = scene(LESION)
    other = replace(drawn, image=drawn.image * 7 + 300)
    np.testing.assert_allclose(cropped(other).data, cropped(drawn).data, atol=1e-3)


def test_an_oblique_image_is_cropped_along_its_own_axes() -> None:
    drawn = scene(LESION)
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", (20, 10, -15), degrees=True).as_matrix()
    masks = (replace(volume, affine=turn @ volume.affine) for volume in (drawn.lesion, drawn.cord))
    lesion, cord = masks
    oblique = crop_case(ReadCase(lesion, cord, {"T2w": drawn.image}), ["T2w"], USUAL)
    np.testing.assert_allclose(oblique.data, cropped(drawn).data, atol=1e-4)
    np.testing.assert_allclose(oblique.affine, turn @ cropped(drawn).affine, atol=1e-9)


@pytest.mark.parametrize("up", [-60.0, 60.0])
def test_beyond_the_image_all_is_zero(up: float) -> None:
    crop = cropped(scene(Ellipsoid(middle=(0, 0, up), halves=(3, 3, 10))))
    upwards, downwards = crop.data[:, :, :, 40:], crop.data[:, :, :, :24]
    beyond, within = (upwards, downwards) if up > 0 else (downwards, upwards)
    assert not beyond.any()
    assert within[0].any()
    assert within[2].max() == pytest.approx(1)
    assert crop.data[1].sum() > 0


def test_without_lesion_the_crop_lies_around_the_middle_of_the_cord_and_without_cord_of_the_image() -> None:
    drawn = scene(lean=(0.1, 0.0))
    around_cord = cropped(drawn)
    assert not around_cord.data[-2].any()
    np.testing.assert_allclose(centre_of(around_cord.data[-1, :, :, 30:34]), (1, 15.5, 1.5), atol=0.3)
    for cord in (None, replace(drawn.cord, data=np.zeros_like(drawn.cord.data))):
        bare = crop_case(ReadCase(drawn.lesion, cord, {"T2w": drawn.image}), ["T2w"], USUAL)
        assert not bare.data[1:].any()
        middle = (*((np.array(drawn.image.shape) - 1) / 2), 1)
        np.testing.assert_allclose(bare.affine @ (1, 15.5, 31.5, 1), drawn.lesion.affine @ middle, atol=1e-6)
        assert np.isfinite(bare.data).all()
        assert bare.data[0].any()


def test_lesions_farther_apart_than_the_crop_are_shown_where_most_of_them_is() -> None:
    short = CropSettings(size=(3, 32, 32), spacing=(3.0, 1.0, 1.0))
    large = Ellipsoid(middle=(0, 0, 45), halves=(4, 3, 10))
    small = Ellipsoid(middle=(0, 0, -45), halves=(2, 2, 5))
    both, alone = (cropped(scene(*lesions), short) for lesions in ((large, small), (large,)))
    np.testing.assert_allclose(both.data[-2], alone.data[-2])


def test_all_lesions_of_a_leaning_cord_are_shown() -> None:
    narrow = CropSettings(size=(3, 16, 64))
    ends = [Ellipsoid(middle=(0, 0, up), halves=(3, 3, 8)) for up in (-42.0, 42.0)]
    leaning, straight = (cropped(scene(*ends, lean=(0.0, lean)), narrow) for lean in (0.2, 0.0))
    assert leaning.data[-2].sum() == pytest.approx(straight.data[-2].sum(), rel=0.05)
    assert leaning.data[-1].sum() == pytest.approx(straight.data[-1].sum(), rel=0.05)
    assert not leaning.data[-1, :, [0, -1]].any()


def test_an_image_that_is_not_there_is_zero_and_said_to_be() -> None:
    drawn = scene(LESION)
    crop = crop_case(read(drawn, other=drawn.image), ["T1w-gad", "T2w"], USUAL)
    assert crop.channels == ("T1w-gad", "T2w")
    assert crop.present == (False, True)
    assert not crop.data[0].any()
    np.testing.assert_array_equal(crop.data[1:], cropped(drawn).data)


def test_a_probability_takes_the_place_of_the_mask_and_not_of_the_centre() -> None:
    drawn = scene(LESION)
    soft = np.where(drawn.lesion.data > 0, 0.6, 0.1).astype(np.float32)
    crop = crop_case(read(drawn), ["T2w"], USUAL, soft)
    hard = cropped(drawn)
    inside = hard.data[-2] > 0.999
    np.testing.assert_allclose(crop.data[-2][inside], 0.6, atol=1e-3)
    np.testing.assert_allclose(crop.affine, hard.affine)
    for wrong in (soft[1:], soft + 1, np.where(soft > 0.5, np.nan, soft)):
        with pytest.raises(DataRefusedError, match="probabilities"):
            crop_case(read(drawn), ["T2w"], USUAL, wrong)


def test_a_flat_image_and_outliers_leave_numbers_within_the_clip() -> None:
    drawn = scene(LESION)
    spiky = np.full(drawn.image.shape, 100.0)
    spiky[drawn.lesion.data > 0] = 1e9
    for image in (np.full(drawn.image.shape, 100.0), spiky):
        crop = cropped(replace(drawn, image=image))
        assert np.isfinite(crop.data).all()
        assert np.abs(crop.data).max() <= USUAL.clip
    assert crop.data[0].max() > 0


def test_a_volume_is_cropped_as_slices_are() -> None:
    crop = cropped(scene(LESION), SOLID_CROP)
    assert crop.data.shape == (3, 32, 32, 64)
    np.testing.assert_allclose(centre_of(crop.data[-2]), (15.5, 15.5, 31.5), atol=0.5)


def test_a_crop_on_the_disk_is_the_same(tmp_path: Path) -> None:
    crop = cropped(scene(LESION), channels=("T1w", "T2w"))
    write_crop(tmp_path / "crops" / "sub-1.npz", crop)
    again = read_crop(tmp_path / "crops" / "sub-1.npz")
    assert (again.channels, again.present, again.settings) == (crop.channels, crop.present, crop.settings)
    np.testing.assert_array_equal(again.data, crop.data)
    np.testing.assert_array_equal(again.affine, crop.affine)
    assert [file.name for file in (tmp_path / "crops").iterdir()] == ["sub-1.npz"]


def test_a_damaged_or_another_file_is_no_crop(tmp_path: Path) -> None:
    file = tmp_path / "sub-1.npz"
    crop = cropped(scene(LESION))
    write_crop(file, crop)
    whole = file.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for content in (b"", b"hello", whole[:middle], flipped):
        file.write_bytes(content)
        with pytest.raises(FileRefusedError, match="cut again"):
            read_crop(file)
    with pytest.raises(FileRefusedError, match="cut again"):
        read_crop(tmp_path / "missing.npz")
    write_crop(file, replace(crop, data=crop.data[:, :, :, 1:]))
    with pytest.raises(FileRefusedError, match="shape"):
        read_crop(file)
    write_crop(file, replace(crop, data=np.full_like(crop.data, np.nan)))
    with pytest.raises(FileRefusedError, match="finite"):
        read_crop(file)
    np.savez(file, data=np.array([{}], dtype=object), affine=np.eye(4), said=np.array("{}"))
    with pytest.raises(FileRefusedError, match="cut again"):
        read_crop(file)
