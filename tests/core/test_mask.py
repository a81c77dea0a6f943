import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.labels import Labelling, region_mask
from nnunet_ext.core.mask import RegionMask, read_region, strange_labels
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.target import load_target
from nnunet_ext.core.volume import Array

INSIDE = np.zeros((4, 5, 6), dtype=np.bool_)
INSIDE[1:3, 2:4, 1:5] = True


def stored(folder: Path, data: Array, slope: float | None = None) -> Path:
    image = nib.Nifti1Image(data, np.diag([-1.0, 1.0, 2.0, 1.0]))
    if slope is not None:
        image.header.set_slope_inter(slope, 0)
    nib.save(image, folder / "m.nii.gz")
    return folder / "m.nii.gz"


def read(folder: Path, data: Array, threshold: float | None, slope: float | None = None) -> RegionMask:
    return read_region(stored(folder, data, slope), threshold, "; ask")


@pytest.mark.parametrize("threshold", [None, 0.5])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("value", [1, 255])
def test_one_value_is_the_region_however_it_is_stored(
    tmp_path: Path, value: int, kind: type[np.number], threshold: float | None
) -> None:
    found = read(tmp_path, INSIDE.astype(kind) * kind(value), threshold)
    assert np.array_equal(found.volume.data, INSIDE)
    assert found.volume.data.dtype == np.bool_
    assert found.soft is None
    assert found.volume.notes == ((f"value {value} read as 1",) if value > 1 else ())


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_255_scaled_to_1_is_the_region_though_32_bits_hold_no_255th(tmp_path: Path, threshold: float | None) -> None:
    found = read(tmp_path, INSIDE * np.uint8(255), threshold, slope=1 / 255)
    assert np.array_equal(found.volume.data, INSIDE)
    assert (found.soft, found.volume.notes) == (None, ())


@pytest.mark.parametrize("threshold", [None, 0.5])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2, "one value besides 0, found 2, and neither 1 nor 255: a label map"),
        (-1, "values from 0 to 255 and this one holds -1"),
        (256, "values from 0 to 255 and this one holds 256"),
        (np.nan, "NaN or infinite"),
        (np.inf, "NaN or infinite"),
    ],
)
def test_any_other_value_is_refused_whatever_the_threshold(
    tmp_path: Path, value: float, said: str, threshold: float | None
) -> None:
    with pytest.raises(FileRefusedError, match=said):
        read(tmp_path, np.where(INSIDE, value, 0).astype(np.float32), threshold)


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_a_map_of_several_labels_is_refused_with_the_first_of_them(tmp_path: Path, threshold: float | None) -> None:
    labels = INSIDE.astype(np.uint8)
    labels[0, 0] = (2, 3, 4, 5, 6, 7)
    labels[0, 1, 0] = 8
    with pytest.raises(FileRefusedError, match="found 1, 2, 3, 4, 5, 6 and 2 more: a label map.; ask"):
        read(tmp_path, labels, threshold)


def test_a_soft_mask_is_cut_above_its_threshold_and_refused_without_one(tmp_path: Path) -> None:
    soft = INSIDE * np.float32(0.6)
    soft[1, 2, 1] = 0.4
    found = read(tmp_path, soft, 0.5)
    assert found.soft is not None
    assert np.array_equal(found.soft, soft)
    assert found.volume.data.sum() == INSIDE.sum() - 1
    assert not read(tmp_path, soft, float(np.float32(0.6))).volume.data.any()
    with pytest.raises(FileRefusedError, match="set a threshold"):
        read(tmp_path, soft, None)


@pytest.mark.parametrize(("value", "taken"), [(1.0005, True), (-0.0005, True), (1.5, False), (-0.5, False)])
def test_a_soft_mask_leaves_0_to_1_by_rounding_only(tmp_path: Path, value: float, taken: bool) -> None:
    soft = INSIDE * np.float32(0.6)
    soft[0, 0, 0] = value
    if taken:
        assert read(tmp_path, soft, 0.5).volume.data[INSIDE].all()
    else:
        with pytest.raises(FileRefusedError, match="from 0 to 1, found .*; ask"):
            read(tmp_path, soft, 0.5)


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_an_empty_mask_is_a_mask(tmp_path: Path, threshold: float | None) -> None:
    assert not read(tmp_path, np.zeros((3, 3, 3), dtype=np.float32), threshold).volume.data.any()


@given(seed=st.integers(0, 2**32 - 1), highest=st.integers(0, 6), kind=st.sampled_from([np.uint8, np.int16]))
def test_a_label_is_strange_just_where_no_region_takes_it(seed: int, highest: int, kind: type[np.number]) -> None:
    labelling = Labelling.of_target(load_target("cord-lesion"))
    labels = np.random.default_rng(seed).integers(0, highest + 1, (3, 4, 5)).astype(kind)
    taken = region_mask(labels, labelling.every_value)
    assert bool(strange_labels(labels, labelling.values)) is not bool(taken.all())
    if labelling.ignore is not None:
        ignored = taken | (labels == labelling.ignore)
        assert bool(strange_labels(labels, labelling.values, labelling.ignore)) is not bool(ignored.all())


@pytest.mark.parametrize("threshold", [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])
def test_a_soft_value_of_exactly_the_threshold_is_cut_however_32_bits_hold_it(tmp_path: Path, threshold: float) -> None:
    path = stored(tmp_path, np.where(INSIDE, 0.95, threshold).astype(np.float32))
    found = read_region(path, threshold, announced=True)
    assert np.array_equal(found.volume.data, INSIDE)


def scaled_image(values: Array) -> Array:
    """Scale an image as people do before they look at it."""
    scaled: Array = np.clip(values / np.percentile(values, 99.5), 0, 1).astype(np.float32)
    return scaled


def image_like(*, air: float = 0.0) -> Array:
    """Draw tissue, with air around it that the scanner has set to 0."""
    tissue = np.random.default_rng(3).gamma(4, 40, (20, 20, 20))
    tissue[: round(20 * air)] = 0
    return scaled_image(tissue)


def smoothed(sigma: float) -> Array:
    mask = np.zeros((20, 20, 20))
    mask[6:14, 7:13, 4:16] = 1
    return np.clip(ndimage.gaussian_filter(mask, sigma), 0, 1).astype(np.float32)


@pytest.mark.parametrize("values", [image_like(), image_like(air=0.5), 0.2 + 0.6 * image_like()])
def test_an_image_that_was_scaled_to_0_to_1_is_no_soft_mask_unless_somebody_says_so(
    tmp_path: Path, values: Array
) -> None:
    with pytest.raises(FileRefusedError, match=r"% of its voxels lie between 0 and 1.*an image\?.*--threshold"):
        read(tmp_path, values, 0.5)
    path = stored(tmp_path, values)
    assert read_region(path, 0.5, announced=True).soft is not None
    named = path.rename(tmp_path / "sub-1_T2w_label-lesion_probseg.nii.gz")
    assert read_region(named, 0.5).soft is not None
    plain = named.rename(tmp_path / "sub-1_T2w_label-lesion_seg.nii.gz")
    sidecar = tmp_path / "sub-1_T2w_label-lesion_seg.json"
    for content in ('{"SoftMask": false}', '{"SoftMask": "yes"}', "[", "[1]", '{"SoftMask": true'):
        sidecar.write_text(content)
        with pytest.raises(FileRefusedError, match="an image"):
            read_region(plain, 0.5)
    sidecar.write_text('{"SoftMask": true}')
    assert read_region(plain, 0.5).soft is not None


@pytest.mark.parametrize("values", [smoothed(0.8), smoothed(1.2), smoothed(0.4)[5:15, 6:14, 3:17]])
def test_a_mask_that_was_smoothed_is_a_soft_mask(tmp_path: Path, values: Array) -> None:
    assert read(tmp_path, values, 0.5).soft is not None


def test_no_real_image_is_taken_for_a_soft_mask(tmp_path: Path, real_data: Path) -> None:
    files = [real_data / "t2_crop" / "t2.nii.gz", *sorted((real_data / "mt").glob("*.nii.gz"))]
    files += sorted((real_data / "gm_challenge").glob("sub-*/anat/*T2starw.nii.gz"))
    assert len(files) > 6
    for file in files:
        with pytest.raises(FileRefusedError, match=r"an image\?"):
            read(tmp_path, scaled_image(read_volume(file).data), 0.5)


def test_a_mask_is_read_without_counting_all_its_voxels_in_64_bits_at_once(tmp_path: Path) -> None:
    data = np.zeros((200, 200, 100), np.uint8)
    data[90:110, 90:110] = 1
    file = stored(tmp_path, data)
    tracemalloc.start()
    try:
        found = read_region(file, None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.array_equal(found.volume.data, data)
    assert peak < 6 * data.nbytes
