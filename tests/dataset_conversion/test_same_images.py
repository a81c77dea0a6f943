import gzip
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.nifti_write import write_image
from nnunet_ext.dataset_conversion.same_images import same_images
from tests.conftest import SmallBids

AFFINE = np.diag([-1.0, 1.0, 2.0, 1.0])


def same(*paths: Path) -> list[tuple[str, ...]]:
    """Take each file's folder for its owner."""
    return [tuple(path.parent.name for path in group) for group in same_images(paths, lambda path: path.parent)]


@pytest.fixture
def image(bids: SmallBids) -> bytes:
    return bids.image("sub-1_T2w").read_bytes()


def written(folder: Path, name: str, content: bytes | bytearray, ending: str = ".nii.gz") -> Path:
    (folder / name).mkdir()
    path = folder / name / f"image{ending}"
    path.write_bytes(content)
    return path


def test_copies_are_found_compressed_anew_or_not_at_all(tmp_path: Path, image: bytes, bids: SmallBids) -> None:
    plain = gzip.decompress(image)
    files = [
        written(tmp_path, "a", image),
        written(tmp_path, "b", gzip.compress(plain, 1, mtime=5)),
        written(tmp_path, "c", plain, ".nii"),
        bids.image("sub-2_T2w"),
    ]
    assert same(*files) == [("a", "b", "c")]


def test_copies_are_found_whatever_their_names_say_of_compression(tmp_path: Path, image: bytes) -> None:
    plain = gzip.decompress(image)
    files = [
        written(tmp_path, "a", plain),
        written(tmp_path, "b", image, ".nii"),
        written(tmp_path, "c", gzip.compress(image)),
        written(tmp_path, "d", plain, ".nii"),
    ]
    assert same(*files) == [("a", "b", "c", "d")]
    assert same(files[0], files[3]) == [("a", "d")]


def test_uncompressed_images_that_differ_in_one_voxel_are_two(tmp_path: Path, image: bytes) -> None:
    plain = gzip.decompress(image)
    changed = bytearray(plain)
    changed[len(plain) // 2] ^= 1
    files = [written(tmp_path, name, content, ".nii") for name, content in (("a", plain), ("b", plain), ("c", changed))]
    assert same(*files) == [("a", "b")]


def test_several_copies_of_one_owner_are_nothing_to_tell(tmp_path: Path, image: bytes) -> None:
    first = written(tmp_path, "a", image)
    other = first.with_name("again.nii.gz")
    other.write_bytes(image)
    assert same(first, other) == []


def test_images_of_a_single_value_show_nobody(tmp_path: Path) -> None:
    for name in "ab":
        write_image(tmp_path / name / "image.nii.gz", np.full((3, 3, 3), 7, np.int16), AFFINE)
    assert same(*(tmp_path / name / "image.nii.gz" for name in "ab")) == []


@pytest.mark.parametrize(
    "content", [b"", b"x", b"/annex/objects/MD5E-s99--0123456789abcdef.nii.gz\n", b"no image" * 99]
)
@pytest.mark.parametrize("ending", [".nii.gz", ".nii"])
def test_what_cannot_be_read_is_like_nothing_else(tmp_path: Path, image: bytes, content: bytes, ending: str) -> None:
    files = [written(tmp_path, name, content, ending) for name in "ab"]
    (tmp_path / "c").mkdir()
    (tmp_path / "c/image.nii.gz").symlink_to("gone")
    assert same(*files, tmp_path / "c/image.nii.gz", tmp_path / "d/missing.nii.gz") == []
    assert same(*files, written(tmp_path, "e", image), written(tmp_path, "f", image)) == [("e", "f")]


def test_damaged_copies_break_nothing(tmp_path: Path, image: bytes) -> None:
    damaged = image[: len(image) // 2] + bytes([image[len(image) // 2] ^ 255]) + image[len(image) // 2 + 1 :]
    assert same(written(tmp_path, "a", damaged), written(tmp_path, "b", damaged)) == []
