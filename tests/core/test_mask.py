from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.labels import Labelling, region_mask
from nnunet_ext.core.mask import RegionMask, read_region, strange_labels
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
    found = read(tmp_path, np.where(INSIDE, 0.95, threshold).astype(np.float32), threshold)
    assert np.array_equal(found.volume.data, INSIDE)
