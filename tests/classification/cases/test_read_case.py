from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.classification.cases.lesion_files import LesionFile
from nnunet_ext.classification.cases.patient import PatientCase
from nnunet_ext.classification.cases.read_case import read_case
from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.nifti_write import write_image, write_mask, write_probability
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume

SHAPE = (4, 5, 6)


def masks() -> tuple[Volume, Volume]:
    cord, lesion = np.zeros((2, *SHAPE), dtype=np.uint8)
    cord[1:3, 1:4], lesion[1, 2, 2:4] = 1, 1
    return Volume(lesion, np.eye(4)), Volume(cord, np.eye(4))


def test_masks_and_images_of_any_orientation_come_on_the_lesions_grid(tmp_path: Path) -> None:
    lesion, cord = masks()
    image = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    write_mask(tmp_path / "lesion.nii.gz", lesion.data, lesion.affine)
    turned = reorient(cord, "PIL")
    write_mask(tmp_path / "cord.nii.gz", turned.data, turned.affine)
    other = reorient(Volume(image, cord.affine), "ASR")
    write_image(tmp_path / "t2.nii.gz", other.data, other.affine)
    write_mask(tmp_path / "levels.nii.gz", cord.data * 4, cord.affine)
    files = LesionFile(tmp_path / "lesion.nii.gz", cord=tmp_path / "cord.nii.gz")
    case = PatientCase("a", "sub-1", {"T2w": tmp_path / "t2.nii.gz"}, files)
    read = read_case(case, tmp_path / "levels.nii.gz")
    assert read.cord is not None
    np.testing.assert_array_equal(read.lesion.data, lesion.data)
    np.testing.assert_array_equal(read.cord.data, cord.data)
    np.testing.assert_array_equal(read.images["T2w"], image)
    np.testing.assert_array_equal(read.levels, cord.data * 4)


def test_a_label_map_holds_both(tmp_path: Path) -> None:
    lesion, cord = masks()
    file = tmp_path / "a.nii.gz"
    write_mask(file, cord.data + lesion.data, cord.affine)
    read = read_case(PatientCase("a", "sub-1", {}, LesionFile(file, (2,), file, (1, 2))))
    assert read.cord is not None
    np.testing.assert_array_equal(read.lesion.data, lesion.data)
    np.testing.assert_array_equal(read.cord.data, cord.data)


def test_a_label_map_in_which_nobody_looked_for_lesions_is_no_healthy_cord(tmp_path: Path) -> None:
    _, cord = masks()
    write_mask(tmp_path / "a.nii.gz", cord.data * 3, cord.affine)
    files = LesionFile(tmp_path / "a.nii.gz", (2,), tmp_path / "a.nii.gz", (1, 2), ignore=3)
    with pytest.raises(FileRefusedError, match="voxels of 3, in which nobody has looked"):
        read_case(PatientCase("a", "sub-1", {}, files))


def test_a_soft_mask_is_cut_at_a_half(tmp_path: Path) -> None:
    lesion, _ = masks()
    write_probability(tmp_path / "a_probseg.nii.gz", lesion.data * np.float32(0.4), lesion.affine)
    read = read_case(PatientCase("a", "sub-1", {}, LesionFile(tmp_path / "a_probseg.nii.gz")))
    assert not read.lesion.data.any()
    assert read.cord is None


def test_what_lies_elsewhere_or_is_missing_is_refused(tmp_path: Path) -> None:
    lesion, _ = masks()
    file = tmp_path / "lesion.nii.gz"
    write_mask(file, lesion.data, lesion.affine)
    write_image(tmp_path / "t2.nii.gz", np.zeros((4, 5, 7), dtype=np.float32), lesion.affine)
    with pytest.raises(FileRefusedError, match=r"t2.nii.gz: the grid of the lesion mask"):
        read_case(PatientCase("a", "sub-1", {"T2w": tmp_path / "t2.nii.gz"}, LesionFile(file)))
    with pytest.raises(DataRefusedError, match="a: a lesion mask was needed.*nnunet_ext predict"):
        read_case(PatientCase("a", "sub-1"))
