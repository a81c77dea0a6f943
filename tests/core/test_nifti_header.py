import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.nifti_read import read_volume
from tests.core.test_nifti_place import LAS, edited, stored


@pytest.mark.parametrize("field", ["datatype", "vox_offset", "scl_inter"])
def test_a_header_that_readers_understand_differently_or_not_at_all_is_refused(tmp_path: Path, field: str) -> None:
    spoiled: dict[str, tuple[int, bytes, str]] = {
        "datatype": (70, struct.pack("<h", 0), "data type cannot be read: code 0"),
        "vox_offset": (108, struct.pack("<f", 0), "data offset is impossible: 0"),
        "scl_inter": (112, struct.pack("<2f", 2, np.nan), "shifted by nan"),
    }
    offset, content, said = spoiled[field]
    path = edited(stored(tmp_path), offset, content)
    with pytest.raises(FileRefusedError, match=said):
        read_volume(path)


@pytest.mark.parametrize("code", [0, 1, 255, 3, -1, 1536, 2048])
def test_a_type_that_has_no_numbers_is_refused_by_its_code(tmp_path: Path, code: int) -> None:
    path = edited(stored(tmp_path), 70, struct.pack("<h", code))
    with pytest.raises(FileRefusedError, match=f"data type cannot be read: code {code}$"):
        read_volume(path)


@pytest.mark.parametrize("size", [0, 7, 34, 2**31 - 1, -16])
def test_an_extension_that_reaches_nowhere_is_refused(tmp_path: Path, size: int) -> None:
    image = nib.Nifti1Image(np.ones((2, 2, 2), np.int16), LAS)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"of a scanner"))
    nib.save(image, tmp_path / "image.nii")
    assert read_volume(tmp_path / "image.nii").data.all()
    with pytest.raises(FileRefusedError, match=f"an extension of its header announces {size} bytes"):
        read_volume(edited(tmp_path / "image.nii", 352, struct.pack("<i", size)))


def test_a_second_header_that_went_through_a_transfer_as_text_is_refused(tmp_path: Path) -> None:
    nib.save(nib.Nifti2Image(np.ones((2, 2, 2), np.int16), LAS), tmp_path / "image.nii")
    assert read_volume(tmp_path / "image.nii").data.all()
    with pytest.raises(FileRefusedError, match="line ends were converted"):
        read_volume(edited(tmp_path / "image.nii", 8, b"\n\n\x1a\n"))


def test_values_that_a_large_shift_makes_small_keep_their_digits(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.arange(30000, 30024, dtype=np.int16).reshape(2, 3, 4), LAS)
    image.header.set_slope_inter(0.001, -30)
    nib.save(image, tmp_path / "image.nii")
    edited(tmp_path / "image.nii", 112, struct.pack("<2f", 0.001, -30))
    read = read_volume(tmp_path / "image.nii")
    theirs = nib.Nifti1Image.from_filename(tmp_path / "image.nii").get_fdata()
    np.testing.assert_allclose(read.data, theirs, rtol=1e-6)
