import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.volume import Affine, Volume
from tests.strategies import ANGLES, SPACINGS, Triple, thorough

LAS = np.diag([-1.0, 1.0, 2.0, 1.0])
QFAC, PIXDIM, UNITS, CODES, SROW_X = 76, 80, 123, 252, 280
DATA = np.arange(24, dtype=np.int16).reshape(2, 3, 4)


def turned(angles: Triple, spacing: Triple) -> Affine:
    """Give an affine as a program with 32-bit numbers writes it."""
    matrix = nib.eulerangles.euler2mat(*angles) * np.asarray(spacing)
    affine: Affine = nib.affines.from_matvec(matrix, (3.0, -70.0, 11.0)).astype(np.float32).astype(np.float64)
    return affine


def stored(folder: Path, affine: Affine = LAS, *, sform: int = 1, qform: int = 1) -> Path:
    image = nib.Nifti1Image(DATA, None)
    image.header.set_sform(affine, sform)
    image.header.set_qform(affine, qform)
    path = folder / "image.nii"
    nib.save(image, path)
    return path


def edited(path: Path, offset: int, content: bytes) -> Path:
    raw = bytearray(path.read_bytes())
    raw[offset : offset + len(content)] = content
    path.write_bytes(raw)
    return path


@given(angles=ANGLES, spacing=SPACINGS)
@settings(thorough(1), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_voxel_sizes_are_those_that_the_header_confirms(tmp_path: Path, angles: Triple, spacing: Triple) -> None:
    path = edited(stored(tmp_path, turned(angles, spacing)), PIXDIM, struct.pack("<3f", *spacing))
    read = read_volume(path)
    told = tuple(float(np.float32(size)) for size in spacing)
    assert read.spacing == told
    assert read.voxel_volume_mm3 == pytest.approx(np.prod(told), rel=1e-12)
    np.testing.assert_allclose(read.affine, nib.Nifti1Image.from_filename(path).affine, atol=1e-4)


def test_an_s_form_that_the_header_does_not_confirm_stands_and_is_told(tmp_path: Path) -> None:
    path = edited(stored(tmp_path, qform=0), PIXDIM, struct.pack("<3f", 1, 1, 1))
    read = read_volume(path)
    assert read.spacing == (1, 1, 2)
    assert read.notes == ("voxel sizes are 1 1 2 mm by the s-form and 1 1 1 by pixdim: s-form used",)


def test_a_sheared_image_has_the_volume_of_its_determinant(tmp_path: Path) -> None:
    sheared = LAS.copy()
    sheared[0, 1] = 0.75
    read = read_volume(stored(tmp_path, sheared, qform=0))
    assert read.voxel_volume_mm3 == pytest.approx(2.0, rel=1e-6)
    assert np.prod(read.spacing) == pytest.approx(2.5, rel=1e-6)


@pytest.mark.parametrize(("code", "scale", "unit"), [(1, 1e-3, "metres"), (3, 1e3, "micrometres")])
def test_lengths_in_another_unit_are_read_as_millimetres(tmp_path: Path, code: int, scale: float, unit: str) -> None:
    affine = turned((0.1, 0.2, -0.1), (0.5, 0.5, 3.0))
    in_unit = affine.copy()
    in_unit[:3] *= scale
    for qform, sform in ((1, 1), (0, 1), (1, 0)):
        path = edited(stored(tmp_path, in_unit, qform=qform, sform=sform), UNITS, bytes([code | 8]))
        read = read_mask(path)
        np.testing.assert_allclose(read.affine, affine, atol=2e-4)
        assert read.voxel_volume_mm3 == pytest.approx(0.75, rel=1e-5)
        assert read.notes == (f"lengths in {unit}, as its header says, read as mm",)


@pytest.mark.parametrize(("code", "unit"), [(1, "metres"), (3, "micrometres"), (5, "unknown"), (7, "unknown")])
def test_a_unit_that_cannot_be_right_is_refused_by_name(tmp_path: Path, code: int, unit: str) -> None:
    with pytest.raises(FileRefusedError, match=rf"image\.nii: .*{unit}.*xyzt_units {code}"):
        read_volume(edited(stored(tmp_path), UNITS, bytes([code])))


@pytest.mark.parametrize("unit", [0, 2, 10, 26])
def test_millimetres_are_taken_whatever_is_said_of_time_and_where_nothing_is_said(tmp_path: Path, unit: int) -> None:
    read = read_volume(edited(stored(tmp_path), UNITS, bytes([unit])))
    assert (read.spacing, read.notes) == ((1, 1, 2), ())


def test_a_q_form_alone_with_0_for_its_handedness_is_right_handed(tmp_path: Path) -> None:
    affine = turned((0.2, -0.1, 0.3), (0.7, 0.8, 3.0))
    path = edited(stored(tmp_path, affine, sform=0), QFAC, struct.pack("<f", 0))
    read = read_volume(path)
    np.testing.assert_allclose(read.affine, affine, atol=1e-5)
    np.testing.assert_allclose(read.affine, nib.Nifti1Image.from_filename(path).affine, atol=1e-6)
    assert read.notes == ()


@pytest.mark.parametrize(
    ("offset", "content", "said"),
    [
        (QFAC, struct.pack("<f", 3), r"pixdim\[0\] is 3"),
        (QFAC, struct.pack("<f", np.nan), "not finite"),
        (PIXDIM, struct.pack("<f", -1), "cannot be computed"),
        (PIXDIM, struct.pack("<f", 0), "cannot be computed"),
        (256, struct.pack("<3f", 2, 2, 2), "cannot be computed"),
        (CODES, struct.pack("<h", 77), "the code 77, which NIfTI does not know"),
        (CODES, struct.pack("<h", -1), "the code -1, which NIfTI does not know"),
    ],
)
def test_beside_a_q_form_that_cannot_be_computed_the_s_form_is_used_and_said(
    tmp_path: Path, offset: int, content: bytes, said: str
) -> None:
    read = read_volume(edited(stored(tmp_path), offset, content))
    np.testing.assert_array_equal(read.affine, LAS)
    assert len(read.notes) == 1
    assert said.replace("\\", "") in read.notes[0]
    assert "s-form used" in read.notes[0]
    with pytest.raises(FileRefusedError, match=f"the q-form .*{said}"):
        read_volume(edited(stored(tmp_path, sform=0), offset, content))


def test_0_for_the_handedness_beside_an_s_form_means_1_and_is_compared(tmp_path: Path) -> None:
    right_handed = np.diag([1.0, 1.0, 2.0, 1.0])
    assert read_volume(edited(stored(tmp_path, right_handed), QFAC, bytes(4))).notes == ()
    read = read_volume(edited(stored(tmp_path), QFAC, bytes(4)))
    assert read.notes == ("q-form and s-form are 12.000 mm apart: s-form used",)


def test_an_s_form_with_a_code_that_nifti_does_not_know_is_as_if_not_set(tmp_path: Path) -> None:
    path = edited(stored(tmp_path), CODES + 2, struct.pack("<h", 9))
    read = read_volume(path)
    np.testing.assert_array_equal(read.affine, nib.Nifti1Image.from_filename(path).affine)
    assert read.notes == ("the s-form has the code 9, which NIfTI does not know: q-form used",)


def test_a_place_a_thousand_kilometres_away_is_a_damaged_header(tmp_path: Path) -> None:
    far = edited(stored(tmp_path), SROW_X + 12, struct.pack("<f", 1e9))
    with pytest.raises(FileRefusedError, match="1e.09 mm away: a damaged header"):
        read_volume(far)


def test_the_arithmetic_of_an_oblique_grid_leaves_whole_millimetres() -> None:
    turn = nib.affines.from_matvec(nib.eulerangles.euler2mat(0.3, 0.2, 0.1))
    assert Volume(DATA, turn).spacing == (1, 1, 1)
