import gzip
import io
from pathlib import Path
from typing import Literal

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.clean_nifti import clean_copy
from nnunet_ext.core.nifti_read import read_volume
from tests.strategies import SEEDS, affines

TEXTS = ("descrip", "aux_file", "db_name", "intent_name")
NUMBER = 20190304.0


def full_of_secrets(
    path: Path, header: type[nib.Nifti1Header], affine: np.ndarray, endianness: Literal["<", ">"] = "<"
) -> Path:
    """Write an image whose header tells a name or a date wherever there is room."""
    data = np.random.default_rng(1).integers(-500, 900, (5, 4, 3), dtype=np.int16)
    made = header(endianness=endianness)
    made.set_data_shape(data.shape)
    made.set_data_dtype(np.dtype(np.int16).newbyteorder(endianness))
    made.set_qform(affine, 1)
    made.set_sform(affine, 1)
    made["scl_slope"], made["scl_inter"] = 0.5, 3
    made["magic"] = made.single_magic
    for name in TEXTS:
        if name in made:
            made[name] = b"Mueller"
    for name in ("cal_max", "cal_min", "slice_duration", "toffset", "intent_p1", "intent_p2", "intent_p3"):
        made[name] = NUMBER
    made["pixdim"][4:] = NUMBER
    made["dim"][4:] = 1
    extension = nib.nifti1.Nifti1Extension("comment", b"Mueller, born 1970")
    made["vox_offset"] = int(header.sizeof_hdr) + 4 + extension.get_sizeondisk()
    extensions = io.BytesIO()
    extension.write_to(extensions, byteswap=endianness == ">")
    with gzip.GzipFile("Mueller.nii", "wb", fileobj=path.open("wb"), mtime=1551657600) as stream:
        stream.write(made.binaryblock + b"\x01\0\0\0" + extensions.getvalue())
        stream.write(data.astype(made.get_data_dtype()).tobytes(order="F"))
    return path


@pytest.mark.parametrize("header", [nib.Nifti1Header, nib.Nifti2Header])
@pytest.mark.parametrize("endianness", ["<", ">"])
def test_nothing_but_the_grid_and_the_voxels_is_left(
    tmp_path: Path, header: type[nib.Nifti1Header], endianness: Literal["<", ">"]
) -> None:
    source = full_of_secrets(tmp_path / "a.nii.gz", header, np.diag([2.0, 2, 3, 1]), endianness)
    before = gzip.decompress(source.read_bytes())
    kind = np.dtype(np.float32 if header is nib.Nifti1Header else np.float64).newbyteorder(endianness)
    secrets = (b"Mueller", b"1970", np.array(NUMBER, dtype=kind).tobytes())
    assert all(secret in before for secret in secrets)
    clean_copy(source, tmp_path / "b.nii.gz")
    packed = (tmp_path / "b.nii.gz").read_bytes()
    after = gzip.decompress(packed)
    assert not any(secret in text for secret in secrets for text in (packed, after))
    assert packed[3] == 0, "no name in the gzip header"
    assert packed[4:8] == bytes(4), "no time in the gzip header"


@given(affine=affines(shear=0.2), seed=SEEDS, version=st.sampled_from([nib.Nifti1Header, nib.Nifti2Header]))
def test_voxels_and_grid_stay_bit_by_bit(
    tmp_path_factory: pytest.TempPathFactory, affine: np.ndarray, seed: int, version: type[nib.Nifti1Header]
) -> None:
    folder = tmp_path_factory.mktemp("clean")
    source = full_of_secrets(folder / "a.nii.gz", version, affine, "<" if seed % 2 else ">")
    clean_copy(source, folder / "b.nii.gz")
    before, after = read_volume(source), read_volume(folder / "b.nii.gz")
    assert before.data.dtype == after.data.dtype
    assert (before.data == after.data).all()
    assert (before.affine == after.affine).all()
    assert before.forms == after.forms
    clean_copy(folder / "b.nii.gz", folder / "c.nii.gz")
    assert (folder / "b.nii.gz").read_bytes() == (folder / "c.nii.gz").read_bytes()
