from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.core.volume import Volume
from nnunet_ext.correction.probability_file import probability_bytes

_AFFINE = np.diag([-1.0, 1.0, 2.0, 1.0])


@pytest.fixture
def image() -> Volume:
    return Volume(np.zeros((3, 4, 5), np.int16), _AFFINE)


def levels() -> np.ndarray:
    return np.arange(60, dtype=np.uint8).reshape((3, 4, 5), order="F") * 4


def test_bytes_that_are_scaled_by_a_255th_come_back_as_they_are(tmp_path: Path, image: Volume) -> None:
    file = nib.Nifti1Image(levels(), _AFFINE)
    file.header.set_slope_inter(1 / 255, 0)
    nib.save(file, tmp_path / "p.nii.gz")
    with (tmp_path / "p.nii.gz").open("rb"):
        stored = read_volume(tmp_path / "p.nii.gz").data
    assert stored.max() <= 1
    assert probability_bytes(tmp_path / "p.nii.gz", image) == bytes(range(0, 240, 4))


def test_fractions_are_rounded_to_a_255th(tmp_path: Path, image: Volume) -> None:
    write_image(tmp_path / "p.nii.gz", levels().astype(np.float32) / 255, _AFFINE)
    assert probability_bytes(tmp_path / "p.nii.gz", image) == bytes(range(0, 240, 4))


def test_a_probability_in_other_axes_is_turned_to_those_of_the_image(tmp_path: Path, image: Volume) -> None:
    turned = nib.Nifti1Image(levels().astype(np.float32) / 255, _AFFINE).as_reoriented(
        np.array([[2, 1], [0, -1], [1, 1]])
    )
    write_image(tmp_path / "p.nii.gz", np.asarray(turned.dataobj), turned.affine)
    assert probability_bytes(tmp_path / "p.nii.gz", image) == bytes(range(0, 240, 4))


def test_a_probability_elsewhere_or_of_other_values_is_refused_by_name(tmp_path: Path, image: Volume) -> None:
    write_image(tmp_path / "far.nii.gz", np.zeros((3, 4, 5), np.float32), np.diag([-1.0, 1.0, 3.0, 1.0]))
    write_image(tmp_path / "large.nii.gz", np.full((3, 4, 5), 1.5, np.float32), _AFFINE)
    with pytest.raises(FileRefusedError, match="the grid of the image was needed"):
        probability_bytes(tmp_path / "far.nii.gz", image)
    with pytest.raises(FileRefusedError, match="found 0 to 1.5"):
        probability_bytes(tmp_path / "large.nii.gz", image)
