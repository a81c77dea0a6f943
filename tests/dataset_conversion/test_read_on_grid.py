from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.grid import ADOPTED_WITHIN, SAME_GRID
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.volume import Affine, Array, Volume
from nnunet_ext.dataset_conversion.class_profile import ClassProfile
from nnunet_ext.dataset_conversion.read_on_grid import read_on_grid

SHAPE = (8, 9, 6)
SPACING = (0.5, 0.8, 3.0)
AFFINE = np.diag([-0.5, 0.8, 3.0, 1.0])
PLAIN = ClassProfile(templates=("{image}_seg",), folders=("derivatives/labels",))
SOFT = ClassProfile(templates=("{image}_softseg",), folders=("derivatives/labels",), threshold=0.5)


def block() -> npt.NDArray[np.uint8]:
    mask = np.zeros(SHAPE, np.uint8)
    mask[2:5, 3:6, 1:4] = 1
    return mask


def image(affine: Affine = AFFINE) -> Volume:
    return Volume(np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE), affine)


def moved(voxels: float, axis: int) -> Affine:
    """Shift the grid by a part of a voxel along one of its axes."""
    affine = AFFINE.copy()
    affine[:3, 3] += AFFINE[:3, axis] * voxels
    return affine


def written(folder: Path, data: Array, affine: Affine = AFFINE) -> Path:
    path = folder / "sub-1_T2w_seg.nii.gz"
    (write_mask if data.dtype == np.uint8 else write_image)(path, data, affine)
    return path


def values_profile(*values: int) -> ClassProfile:
    return ClassProfile(templates=PLAIN.templates, folders=PLAIN.folders, values=values)


def test_a_mask_on_its_image_s_grid_is_taken_as_it_is(tmp_path: Path) -> None:
    done = read_on_grid(written(tmp_path, block()), image(), PLAIN)
    np.testing.assert_array_equal(done.data, block())
    assert done.data.dtype == np.uint8
    assert (done.remarks, done.moved_mm) == ((), 0.0)


@given(
    voxels=st.sampled_from([-1.0, 1.0]).flatmap(lambda sign: st.floats(1e-5, 3.0).map(lambda size: sign * size)),
    axis=st.integers(0, 2),
)
def test_how_far_a_mask_lies_decides_what_becomes_of_it(
    tmp_path_factory: pytest.TempPathFactory, voxels: float, axis: int
) -> None:
    apart = abs(voxels)
    # Affines are stored with 32 bits: this near a limit, either side will do.
    assume(min(abs(apart - SAME_GRID), abs(apart - ADOPTED_WITHIN)) > 1e-4)
    path = written(tmp_path_factory.mktemp("grid"), block(), moved(voxels, axis))
    if apart > ADOPTED_WITHIN:
        with pytest.raises(FileRefusedError, match=f"{apart:.2f} voxels over all.*--resample nearest"):
            read_on_grid(path, image(), PLAIN)
        return
    done = read_on_grid(path, image(), PLAIN)
    np.testing.assert_array_equal(done.data, block())
    if apart < SAME_GRID:
        assert (done.remarks, done.moved_mm) == ((), 0.0)
        return
    assert done.moved_mm == pytest.approx(apart * SPACING[axis], abs=1e-4)
    (remark,) = done.remarks
    assert remark.startswith("image's affine adopted, ")


@pytest.mark.parametrize(("voxels", "adopted"), [(0.0, False), (0.0009, False), (0.0011, True), (0.49, True)])
def test_the_tiers_begin_where_they_are_said_to(tmp_path: Path, voxels: float, adopted: bool) -> None:
    done = read_on_grid(written(tmp_path, block(), moved(voxels, 2)), image(), PLAIN, resample=True)
    assert (done.moved_mm > 0) == adopted
    np.testing.assert_array_equal(done.data, block())  # within half a voxel nothing is ever resampled


def test_a_mask_farther_off_is_resampled_where_that_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, block(), moved(1.0, 0))
    done = read_on_grid(path, image(), PLAIN, resample=True)
    np.testing.assert_array_equal(done.data[1:], block()[:-1])  # its world place is kept: one voxel further on the grid
    assert done.moved_mm == 0.0
    assert any("0.50 mm at the centre of the volume, 1.00 voxels over all" in remark for remark in done.remarks)
    assert "resampled to its image by nearest neighbour, 27 voxels became 27, 0 lay outside" in done.remarks


def test_a_turned_mask_is_seen_though_its_centre_is_in_place(tmp_path: Path) -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[0.0, -1.0], [1.0, 0.0]]
    centre = AFFINE @ np.append((np.array(SHAPE) - 1) / 2, 1.0)
    affine = turn @ AFFINE
    affine[:3, 3] += (centre - affine @ np.append((np.array(SHAPE) - 1) / 2, 1.0))[:3]
    with pytest.raises(FileRefusedError, match="lies 0.00 mm at the centre"):
        read_on_grid(written(tmp_path, block(), affine), image(), PLAIN)


def test_a_mask_of_another_shape_is_refused_with_both_shapes_or_resampled(tmp_path: Path) -> None:
    fine = np.repeat(block(), 2, axis=2)
    affine = AFFINE.copy()
    affine[:3, 2] /= 2
    affine[2, 3] -= 0.75  # its first slice is half of the image's first
    path = written(tmp_path, fine, affine)
    with pytest.raises(
        FileRefusedError, match=r"shape is \(8, 9, 12\) and its image's \(8, 9, 6\); .*--resample nearest"
    ):
        read_on_grid(path, image(), PLAIN)
    np.testing.assert_array_equal(read_on_grid(path, image(), PLAIN, resample=True).data, block())


def test_a_mask_that_misses_its_image_is_refused_even_where_it_is_resampled(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="cannot be resampled: fields of view that overlap were needed"):
        read_on_grid(written(tmp_path, block(), moved(100.0, 1)), image(), PLAIN, resample=True)
    with pytest.raises(FileRefusedError, match="none of its 27 voxels is left"):
        read_on_grid(written(tmp_path, block(), moved(5.0, 2)), image(), PLAIN, resample=True)


@pytest.mark.parametrize("profile", [PLAIN, SOFT, values_profile(2)], ids=["plain", "soft", "values"])
@pytest.mark.parametrize("voxels", [0.0, 0.3, 2.0])
def test_an_empty_mask_is_a_mask(tmp_path: Path, profile: ClassProfile, voxels: float) -> None:
    empty = np.zeros(SHAPE, np.uint8)
    done = read_on_grid(written(tmp_path, empty, moved(voxels, 0)), image(), profile, resample=True)
    np.testing.assert_array_equal(done.data, empty)


@pytest.mark.parametrize("value", [2, 255])
def test_one_value_besides_nought_is_read_as_1_and_that_is_said(tmp_path: Path, value: int) -> None:
    done = read_on_grid(written(tmp_path, block() * np.uint8(value)), image(), PLAIN)
    np.testing.assert_array_equal(done.data, block())
    assert done.remarks == (f"value {value} read as 1",)


def test_a_map_of_several_classes_is_refused_with_its_values_unless_they_are_declared(tmp_path: Path) -> None:
    data = block()
    data[2, 3:6, 1:4] = 2
    data[3, 3, 1] = 5
    path = written(tmp_path, data)
    with pytest.raises(FileRefusedError, match=r"one value besides 0, found 1, 2, 5; .*values = \[\.\.\.\]"):
        read_on_grid(path, image(), PLAIN)
    for values in ((2,), (1, 5), (1, 2, 5)):
        done = read_on_grid(path, image(), values_profile(*values))
        np.testing.assert_array_equal(done.data, np.isin(data, values))
        assert done.remarks == (f"values {', '.join(map(str, values))} of 1, 2, 5 taken",)
    assert not read_on_grid(path, image(), values_profile(7)).data.any()


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.5, 0.9])
def test_a_soft_mask_is_cut_above_the_threshold(tmp_path: Path, threshold: float) -> None:
    soft = (np.linspace(0, 1, np.prod(SHAPE)).reshape(SHAPE) * 1.05).astype(
        np.float32
    )  # overshoots, as interpolation does
    soft[0, 0, :3] = threshold
    profile = ClassProfile(templates=SOFT.templates, folders=SOFT.folders, threshold=threshold)
    done = read_on_grid(written(tmp_path, soft), image(), profile)
    np.testing.assert_array_equal(done.data, soft > np.float32(threshold))
    assert done.remarks == (f"soft mask cut at {threshold:g}",)


def test_a_soft_mask_that_is_moved_keeps_both_remarks(tmp_path: Path) -> None:
    done = read_on_grid(written(tmp_path, 0.7 * block().astype(np.float32), moved(0.25, 2)), image(), SOFT)
    assert [remark.split(",")[0] for remark in done.remarks] == ["soft mask cut at 0.5", "image's affine adopted"]
    assert done.moved_mm == pytest.approx(0.75, abs=1e-4)


def test_a_soft_mask_that_was_not_declared_soft_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"whole numbers and this one holds 0\.7: scaled wrongly, or soft"):
        read_on_grid(written(tmp_path, 0.7 * block().astype(np.float32)), image(), PLAIN)


def test_a_soft_mask_of_0_and_255_is_cut_where_the_threshold_says_so_and_refused_where_not(tmp_path: Path) -> None:
    path = written(tmp_path, 200 * block())
    with pytest.raises(FileRefusedError, match="from 0 to 1, found 0 to 200: an image"):
        read_on_grid(path, image(), SOFT)
    byte = ClassProfile(templates=SOFT.templates, folders=SOFT.folders, threshold=127)
    np.testing.assert_array_equal(read_on_grid(path, image(), byte).data, block())


@pytest.mark.parametrize(
    ("data", "profile"),
    [
        (image().data, PLAIN),
        (image().data % 250, PLAIN),
        (image().data, SOFT),
        (image().data % 250, values_profile(2)),
        ((image().data / 500).astype(np.float32), SOFT),
    ],
    ids=["16 bits", "8 bits", "soft", "values", "scaled to 1 and soft"],
)
def test_a_label_that_is_its_image_is_refused(tmp_path: Path, data: Array, profile: ClassProfile) -> None:
    path = written(tmp_path, data)
    with pytest.raises(FileRefusedError, match="image|one value besides 0|values from 0 to 255"):
        read_on_grid(path, Volume(data, AFFINE), profile)


@pytest.mark.parametrize("profile", [PLAIN, SOFT, values_profile(1)], ids=["plain", "soft", "values"])
def test_a_mask_with_nan_is_refused_however_it_is_read(tmp_path: Path, profile: ClassProfile) -> None:
    data = block().astype(np.float32)
    data[0, 0, 0] = np.nan
    path = tmp_path / "sub-1_T2w_seg.nii.gz"
    nib.Nifti1Image(data, AFFINE).to_filename(path)
    with pytest.raises(FileRefusedError, match="1 of 432 voxels are NaN") as refused:
        read_on_grid(path, image(), profile)
    assert refused.value.path == path
