import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Affine

GEOMETRY = (slice(76, 92), slice(123, 124), slice(252, 328))
"""Bytes of a NIfTI-1 header: handedness and voxel sizes, units, codes with both forms."""


def oblique(angle: float) -> Affine:
    affine: Affine = nib.affines.from_matvec(
        nib.eulerangles.euler2mat(angle, 0.2, 0.1) * [0.7, 0.7, 3.1], (10.3, -20.7, 5.9)
    )
    return affine


def image_with_two_forms(path: Path, kind: type[nib.Nifti1Image] = nib.Nifti1Image, qform: int = 1) -> Path:
    image = kind(np.arange(60, dtype=np.int16).reshape(3, 4, 5), None)
    image.header.set_qform(oblique(0.1), qform)
    image.header.set_sform(oblique(0.15), 2)
    nib.save(image, path)
    return path


def geometry(path: Path) -> bytes:
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
    return b"".join(raw[part] for part in GEOMETRY)


@pytest.mark.parametrize("qform", [0, 1, 3])
def test_a_mask_takes_the_forms_of_its_image_bit_by_bit(tmp_path: Path, qform: int) -> None:
    path = image_with_two_forms(tmp_path / "image.nii", qform=qform)
    image = read_volume(path)
    write_mask(tmp_path / "mask.nii.gz", image.data > 30, image.affine, image.forms)
    write_image(tmp_path / "map.nii", image.data / 60, image.affine, image.forms)
    assert geometry(tmp_path / "mask.nii.gz") == geometry(tmp_path / "map.nii") == geometry(path)
    assert geometry(path)[17:21] == bytes([qform, 0, 2, 0])
    np.testing.assert_array_equal(read_volume(tmp_path / "mask.nii.gz").affine, image.affine)


def test_even_a_form_that_cannot_be_computed_is_taken_as_it_stands(tmp_path: Path) -> None:
    path = image_with_two_forms(tmp_path / "image.nii")
    raw = bytearray(path.read_bytes())
    raw[76:80] = bytes.fromhex("0000c07f")  # not a number
    path.write_bytes(raw)
    image = read_volume(path)
    write_mask(tmp_path / "mask.nii", image.data > 30, image.affine, image.forms)
    assert geometry(tmp_path / "mask.nii") == geometry(path)
    assert read_volume(tmp_path / "mask.nii").notes == image.notes


def test_forms_of_64_bits_and_of_the_other_byte_order_are_the_same_places(tmp_path: Path) -> None:
    wide = image_with_two_forms(tmp_path / "wide.nii", nib.Nifti2Image)
    swapped = tmp_path / "swapped.nii"
    source = nib.Nifti1Image.from_filename(image_with_two_forms(tmp_path / "image.nii"))
    nib.save(nib.Nifti1Image(source.dataobj, None, source.header.as_byteswapped()), swapped)
    for path in (wide, swapped):
        image = read_volume(path)
        write_mask(tmp_path / "mask.nii", image.data > 30, image.affine, image.forms)
        assert geometry(tmp_path / "mask.nii") == geometry(tmp_path / "image.nii")


def test_what_was_turned_has_no_forms_of_a_file(tmp_path: Path) -> None:
    image = read_volume(image_with_two_forms(tmp_path / "image.nii"))
    assert image.forms is not None
    assert reorient(image, "PSR").forms is None
