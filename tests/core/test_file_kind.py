import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.file_kind import file_kind
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.nifti_stream import read_stream

DATA = np.random.default_rng(0).integers(0, 500, (5, 6, 7)).astype(np.int16)
PLAIN = nib.Nifti1Image(DATA, np.diag([-1.0, 1.0, 2.0, 1.0])).to_bytes()


def zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("image.nii", content)
    return stream.getvalue()


def tarred(content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("image.nii")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "pack", "note"),
    [
        ("i.nii.gz", bytes, "not compressed, other than its name says"),
        ("i.nii", gzip.compress, "compressed with gzip, other than its name says"),
        ("i.nii.gz", lambda raw: gzip.compress(gzip.compress(raw)), "compressed with gzip twice, other than"),
        ("i.nii", lambda raw: gzip.compress(gzip.compress(raw)), "compressed with gzip twice, other than"),
    ],
)
def test_what_is_compressed_otherwise_than_its_name_says_is_read_and_said(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes], note: str
) -> None:
    (tmp_path / name).write_bytes(pack(PLAIN))
    read = read_volume(tmp_path / name)
    np.testing.assert_array_equal(read.data, DATA)
    assert len(read.notes) == 1
    assert read.notes[0].startswith(note)


def test_what_is_compressed_as_its_name_says_needs_no_word(tmp_path: Path) -> None:
    for name, content in (("i.nii", PLAIN), ("i.nii.gz", gzip.compress(PLAIN)), ("I.NII.GZ", gzip.compress(PLAIN))):
        (tmp_path / name).write_bytes(content)
        assert read_volume(tmp_path / name).notes == ()


def test_half_of_a_file_that_was_compressed_twice_is_refused(tmp_path: Path) -> None:
    content = gzip.compress(gzip.compress(PLAIN))
    for part in (content[: len(content) // 2], gzip.compress(gzip.compress(PLAIN)[:-20])):
        (tmp_path / "i.nii.gz").write_bytes(part)
        with pytest.raises(FileRefusedError, match="truncated"):
            read_volume(tmp_path / "i.nii.gz")


def test_nothing_is_unpacked_for_ever(tmp_path: Path) -> None:
    content = PLAIN
    for _ in range(3):
        content = gzip.compress(content)
    (tmp_path / "i.nii.gz").write_bytes(content)
    with pytest.raises(FileRefusedError, match="more than 2 times"):
        read_stream(tmp_path / "i.nii.gz")


@pytest.mark.parametrize("name", ["i.nii", "i.nii.gz"])
@pytest.mark.parametrize("again", [bytes, gzip.compress], ids=["bare", "gzip"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped(PLAIN), "a zip archive"),
        (tarred(PLAIN), "a tar archive"),
        (bz2.compress(PLAIN), "compressed with bzip2: bunzip2"),
        (lzma.compress(PLAIN), "compressed with xz: unxz"),
        (bytes(128) + b"DICM" + bytes(300), "a DICOM file: .*dcm2niix"),
        (b"NRRD0004\ntype: short\ndimension: 3\n\n", "an NRRD image"),
        (b"ObjectType = Image\nNDims = 3\nBinaryData = True\n", "a MetaImage"),
        (b"\n<!DOCTYPE html>\n<html><body>404 Not Found</body></html>", "a web page"),
        (b"\xef\xbb\xbf<html lang='de'>Sitzung abgelaufen</html>", "a web page"),
        (b'{"message": "Bad credentials"}', "it is text"),
        (PLAIN[:344] + b"ni1\0" + PLAIN[348:], r"a pair \.hdr and \.img"),
        (PLAIN[:344] + bytes(4) + PLAIN[348:], "an Analyze header"),
        (b"", "an empty file"),
    ],
)
def test_what_is_no_nifti_is_refused_with_what_it_is(
    tmp_path: Path, content: bytes, said: str, again: Callable[[bytes], bytes], name: str
) -> None:
    (tmp_path / name).write_bytes(again(content))
    with pytest.raises(FileRefusedError, match=f"{name}: not a NIfTI image: it is {said}|{name}: not .*{said}"):
        read_volume(tmp_path / name)


def test_of_noise_nothing_is_claimed() -> None:
    assert file_kind(np.random.default_rng(4).bytes(600)) == ""
