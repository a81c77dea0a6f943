import gzip
import hashlib
import os
import struct
import subprocess
import sys
import tracemalloc
from itertools import pairwise
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_stream import read_stream
from nnunet_ext.core.nifti_write import write_image, write_mask, write_probability
from tests.strategies import SEEDS, thorough

AFFINE = np.array([[-0.8, 0, 0, 12], [0, 0.9, 0, -30], [0, 0, 3.3, 7], [0, 0, 0, 1.0]])


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.nii.gz"
    data = np.random.default_rng(1).integers(0, 900, (24, 20, 12)).astype(np.int16)
    write_image(path, data, AFFINE)
    return path


def _save(path: Path, data: np.ndarray, affine: np.ndarray | None = AFFINE) -> Path:
    nib.Nifti1Image(data, affine).to_filename(path)
    return path


def test_an_image_comes_back_as_it_was_written(tmp_path: Path) -> None:
    data = np.random.default_rng(0).normal(size=(5, 6, 7)).astype(np.float32)
    write_image(tmp_path / "a.nii.gz", data, AFFINE)
    back = read_volume(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(back.data, data)
    np.testing.assert_allclose(back.affine, AFFINE, atol=1e-6)
    assert back.spacing == pytest.approx((0.8, 0.9, 3.3))
    assert back.axes == "LAS"
    assert back.voxel_volume_mm3 == pytest.approx(0.8 * 0.9 * 3.3)


def test_probabilities_are_bytes_on_the_disk_and_come_back_within_half_a_step(tmp_path: Path) -> None:
    data = np.random.default_rng(0).uniform(size=(5, 6, 7)).astype(np.float32)
    data[0, 0, :3] = -1e-6, 1 + 1e-6, 0
    write_probability(tmp_path / "a.nii.gz", data, AFFINE)
    stored = nib.Nifti1Image.from_filename(tmp_path / "a.nii.gz")
    assert stored.get_data_dtype() == np.uint8
    back = read_volume(tmp_path / "a.nii.gz").data
    np.testing.assert_allclose(back, data, rtol=0, atol=0.5001 / 255)
    assert back[0, 0, :3].tolist() == [0, 1, 0]


@given(dtype=st.sampled_from([np.uint8, np.int16, np.uint16, np.int32]), seed=SEEDS)
@settings(thorough(0.2), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_integers_stay_the_same_integers_on_disk(tmp_path: Path, dtype: type, seed: int) -> None:
    limits = np.iinfo(dtype)
    data = np.random.default_rng(seed).integers(limits.min, limits.max, (4, 3, 2), dtype=dtype, endpoint=True)
    path = tmp_path / "integers.nii.gz"
    write_image(path, data, AFFINE)
    stored = nib.Nifti1Image.from_filename(path)
    assert stored.get_data_dtype() == dtype
    np.testing.assert_array_equal(np.asarray(stored.dataobj), data)


def test_a_mask_is_stored_as_unscaled_uint8(tmp_path: Path) -> None:
    write_mask(tmp_path / "mask.nii.gz", np.array([[[0.0, 1.0, 2.0]]]), AFFINE)
    raw = gzip.decompress((tmp_path / "mask.nii.gz").read_bytes())
    slope, intercept = struct.unpack_from("<2f", raw, 112)
    assert (slope, intercept) == (1.0, 0.0)
    assert list(raw[352:]) == [0, 1, 2]


@pytest.mark.parametrize("values", [[0.5], [-1.0], [256.0], [np.nan]])
def test_a_mask_that_uint8_cannot_hold_is_not_written(tmp_path: Path, values: list[float]) -> None:
    with np.errstate(invalid="ignore"), pytest.raises(DataRefusedError, match="not written"):
        write_mask(tmp_path / "mask.nii.gz", np.array([[values]]), AFFINE)
    assert list(tmp_path.iterdir()) == []


def test_both_forms_say_the_same_and_no_text_travels(image: Path) -> None:
    header = nib.Nifti1Image.from_filename(image).header
    np.testing.assert_allclose(header.get_qform(), header.get_sform(), atol=1e-5)
    assert (int(header["qform_code"]), int(header["sform_code"])) == (1, 1)
    texts = [header[field].tobytes().strip(b"\0") for field in ("descrip", "aux_file", "intent_name", "db_name")]
    assert texts == [b""] * 4
    assert len(header.extensions) == 0


def test_a_shear_that_no_qform_can_say_leaves_it_unset(tmp_path: Path) -> None:
    sheared = AFFINE.copy()
    sheared[0, 1] = 0.4
    write_image(tmp_path / "sheared.nii.gz", np.zeros((3, 3, 3), np.int16), sheared)
    header = nib.Nifti1Image.from_filename(tmp_path / "sheared.nii.gz").header
    assert int(header["qform_code"]) == 0
    np.testing.assert_allclose(read_volume(tmp_path / "sheared.nii.gz").affine, sheared, atol=1e-6)


def test_the_same_voxels_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_image(tmp_path / f"{name}.nii.gz", np.arange(24, dtype=np.int16).reshape(2, 3, 4), AFFINE)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


@pytest.mark.parametrize("kept", [0, 10, 200, 0.5, 0.99])
def test_a_truncated_file_is_refused_by_name(image: Path, kept: float) -> None:
    content = image.read_bytes()
    image.write_bytes(content[: int(kept if kept >= 1 else kept * len(content))])
    with pytest.raises(FileRefusedError, match=r"image\.nii\.gz") as refused:
        read_volume(image)
    assert refused.value.exit_code == 3


def test_any_flipped_bit_of_the_compressed_data_is_noticed(image: Path) -> None:
    content = image.read_bytes()
    truth = read_volume(image)
    positions = np.random.default_rng(3).integers(10 * 8, len(content) * 8, 60)  # behind gzip's own header
    for position in positions:
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << (position % 8)
        image.write_bytes(damaged)
        try:
            read = read_volume(image)
        except FileRefusedError:
            continue
        # A bit may lie in the padding of the last byte: then every voxel must still be right.
        np.testing.assert_array_equal(read.data, truth.data)
        assert position // 8 >= len(content) - 9


@given(position=st.integers(0, 351 * 8 + 7))
@settings(thorough(1.5), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_header_bit_is_refused_or_changes_no_shape(tmp_path: Path, position: int) -> None:
    path = tmp_path / "plain.nii"
    write_image(path, np.ones((4, 5, 6), np.int16), AFFINE)
    content = bytearray(path.read_bytes())
    content[position // 8] ^= 1 << (position % 8)
    path.write_bytes(content)
    try:
        read = read_volume(path)
    except FileRefusedError:
        return
    assert read.data.size == 120


def test_a_lying_header_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    header = nib.Nifti1Header()
    header.set_data_shape((2000, 2000, 2000))
    header.set_data_dtype(np.float32)
    bomb = tmp_path / "bomb.nii.gz"
    bomb.write_bytes(gzip.compress(header.binaryblock + bytes(1 << 20)))
    with pytest.raises(FileRefusedError, match="announces 29.8 GiB"):
        read_volume(bomb)


def test_more_bytes_than_the_header_says_are_refused(image: Path) -> None:
    image.write_bytes(gzip.compress(gzip.decompress(image.read_bytes()) + b"rest"))
    with pytest.raises(FileRefusedError, match="more"):
        read_volume(image)


@given(cuts=st.lists(st.integers(0, 2000), max_size=4), padding=st.sampled_from([0, 1, 511, 300_000]))
@settings(thorough(0.3), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_several_gzip_members_padded_with_zeros_are_one_file(tmp_path: Path, cuts: list[int], padding: int) -> None:
    path = tmp_path / "members.nii.gz"
    data = np.arange(1000, dtype=np.int16).reshape(10, 10, 10)
    write_image(path, data, AFFINE)
    whole = gzip.decompress(path.read_bytes())
    bounds = [0, *sorted(cuts), len(whole)]
    members = [gzip.compress(whole[start:end]) for start, end in pairwise(bounds)]
    path.write_bytes(b"".join(member + bytes(padding) for member in members))
    read = read_volume(path)
    np.testing.assert_array_equal(read.data, data)
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("rest", [b"garbage", b"\0\0garbage", b"\x1f\x8b", gzip.compress(b"", mtime=0)[:-1]])
def test_garbage_and_half_a_member_behind_the_stream_are_refused(image: Path, rest: bytes) -> None:
    image.write_bytes(image.read_bytes() + rest)
    with pytest.raises(FileRefusedError, match="damaged|truncated"):
        read_volume(image)


def test_a_wrong_checksum_or_length_at_the_streams_end_is_refused(image: Path) -> None:
    content = image.read_bytes()
    for position in (-8, -1):
        damaged = bytearray(content)
        damaged[position] ^= 1
        image.write_bytes(damaged)
        with pytest.raises(FileRefusedError, match="damaged"):
            read_volume(image)


@pytest.mark.parametrize("members", [False, True])
def test_a_bomb_is_refused_without_holding_what_it_unpacks_to(image: Path, members: bool) -> None:
    whole, unpacked = gzip.decompress(image.read_bytes()), 64 << 20
    many = gzip.compress(whole) + gzip.compress(bytes(1 << 20)) * (unpacked >> 20)
    image.write_bytes(many if members else gzip.compress(whole + bytes(unpacked), compresslevel=1))
    tracemalloc.start()
    try:
        with pytest.raises(FileRefusedError, match="more"):
            read_volume(image)
        assert tracemalloc.get_traced_memory()[1] < unpacked / 16
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["image.nii", "image.nii.gz"])
def test_the_digest_is_that_of_the_file_on_the_disk(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_mask(path, np.eye(90, dtype=np.uint8).reshape(90, 90, 1), AFFINE)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_mask(path).sha256 == read_volume(path).sha256 == digest
    seen: list[bytes] = []
    assert read_stream(path, seen.append)[352:].count(1) == 90
    assert b"".join(seen) == path.read_bytes()


@given(
    dtype=st.sampled_from(["<i2", ">i2", "<u2", ">i4", "<f4", ">f4", "<f8", "u1"]),
    gap=st.integers(0, 9),
    slope=st.sampled_from([0.0, 1.0, 0.5]),
)
@settings(thorough(0.5), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_byte_order_place_and_scaling_of_the_voxels_is_understood(
    tmp_path: Path, dtype: str, gap: int, slope: float
) -> None:
    kind = np.dtype(dtype)
    header = nib.Nifti1Header(endianness=">" if kind.byteorder == ">" else "<")
    header.set_data_dtype(kind)
    header.set_data_shape((2, 3, 4))
    header.set_sform(AFFINE, code=1)
    header["vox_offset"], header["scl_slope"], header["magic"] = 352 + gap, slope, b"n+1"
    voxels = np.arange(24).reshape((2, 3, 4), order="F") * 2
    path = tmp_path / "made.nii"
    path.write_bytes(header.binaryblock + bytes(4 + gap) + voxels.astype(kind).tobytes(order="F"))
    read = read_volume(path).data
    np.testing.assert_array_equal(read, voxels * (slope or 1))
    assert (read.dtype.isnative, read.flags.aligned) == (True, True)
    np.testing.assert_array_equal(read_mask(path).data, voxels * (slope or 1))


@pytest.mark.parametrize("value", [-1, 256])
def test_a_mask_of_integers_beyond_a_byte_is_refused_with_them(tmp_path: Path, value: int) -> None:
    path = _save(tmp_path / "far.nii.gz", np.array([[[0, 1, value]]], dtype=np.int16))
    with pytest.raises(FileRefusedError, match=f"holds {value}$"):
        read_mask(path)


@pytest.mark.parametrize("name", ["image.nii", "image.nii.gz"])
@pytest.mark.parametrize("end", [b"", b"other bytes"])
def test_what_the_disk_cut_or_altered_is_not_given_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, end: bytes
) -> None:
    def bad_disk(_: int) -> None:
        for unfinished in tmp_path.glob(".part-*"):
            unfinished.write_bytes(unfinished.read_bytes()[: -len(b"other bytes")] + end)

    monkeypatch.setattr(os, "fsync", bad_disk)
    with pytest.raises((DataRefusedError, FileRefusedError)):
        write_image(tmp_path / name, np.arange(1000, dtype=np.int16).reshape(10, 10, 10), AFFINE)
    assert list(tmp_path.iterdir()) == []


def test_nan_in_a_mask_and_in_an_image_is_counted_and_refused(tmp_path: Path) -> None:
    data = np.zeros((3, 3, 3), np.float32)
    data[1, 1, 1] = np.nan
    path = _save(tmp_path / "nan.nii.gz", data)
    for read in (read_mask, read_volume):
        with pytest.raises(FileRefusedError, match="1 of 27 voxels are NaN"):
            read(path)


def test_a_scaled_or_soft_mask_is_refused_with_its_values(tmp_path: Path) -> None:
    labels = nib.Nifti1Image(np.array([[[0.0, 1.0, 2.0]]]), AFFINE)
    labels.set_data_dtype(np.uint8)  # nibabel then scales 0, 1, 2 to 0, 127, 255
    labels.to_filename(tmp_path / "scaled.nii.gz")
    with pytest.raises(FileRefusedError, match=r"0\.996"):
        read_mask(tmp_path / "scaled.nii.gz")


def test_a_float_file_with_whole_numbers_is_a_mask(tmp_path: Path) -> None:
    mask = read_mask(_save(tmp_path / "float.nii.gz", np.array([[[0.0, 1.0]]])))
    assert mask.data.dtype == np.uint8
    assert mask.data.tolist() == [[[0, 1]]]


def test_four_dimensions_are_refused_with_a_command_and_trailing_ones_are_dropped(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="4-D.*fslroi"):
        read_volume(_save(tmp_path / "four.nii.gz", np.zeros((3, 3, 3, 2), np.int16)))
    assert read_volume(_save(tmp_path / "one.nii.gz", np.zeros((3, 3, 3, 1), np.int16))).data.shape == (3, 3, 3)


def test_colour_is_refused(tmp_path: Path) -> None:
    colour = np.zeros((2, 2, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(FileRefusedError, match="colour"):
        read_volume(_save(tmp_path / "rgb.nii.gz", colour))


def test_an_affine_that_is_missing_singular_or_not_finite_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.nii"
    write_image(path, np.zeros((2, 2, 2), np.int16), AFFINE)
    content = path.read_bytes()
    missing, singular, infinite = bytearray(content), bytearray(content), bytearray(content)
    missing[252:256] = bytes(4)
    singular[280:296] = bytes(16)
    infinite[280:284] = struct.pack("<f", np.inf)
    for broken, words in ((missing, "neither s-form nor q-form"), (singular, "singular"), (infinite, "not finite")):
        path.write_bytes(broken)
        with pytest.raises(FileRefusedError, match=words):
            read_volume(path)


def test_forms_that_disagree_are_noted_and_the_s_form_is_taken(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((4, 4, 4), np.int16), AFFINE)
    moved = AFFINE.copy()
    moved[0, 3] += 5
    image.set_qform(moved, code=1)
    image.set_sform(AFFINE, code=1)
    image.to_filename(tmp_path / "forms.nii.gz")
    read = read_volume(tmp_path / "forms.nii.gz")
    np.testing.assert_allclose(read.affine, AFFINE, atol=1e-6)
    assert read.notes == ("q-form and s-form are 5.000 mm apart: s-form used",)


@pytest.mark.parametrize(
    "pointer",
    [
        b"../../.git/annex/objects/zX/9/MD5E-s1234--abc.nii.gz/MD5E-s1234--abc.nii.gz",
        b"/annex/objects/MD5E-s9--a.nii.gz\n",
    ],
)
def test_an_annex_pointer_is_refused_with_the_command_that_fetches_it(tmp_path: Path, pointer: bytes) -> None:
    path = tmp_path / "sub-01_T2w.nii.gz"
    path.write_bytes(pointer)
    with pytest.raises(FileRefusedError, match="datalad get 'sub-01_T2w.nii.gz'"):
        read_volume(path)


def test_a_dangling_link_is_content_that_was_not_downloaded(tmp_path: Path) -> None:
    path = tmp_path / "sub-01_T2w.nii.gz"
    path.symlink_to("../../.git/annex/objects/nowhere")
    with pytest.raises(FileRefusedError, match="datalad get"):
        read_volume(path)


def test_a_missing_file_a_folder_and_plain_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.nii.gz").write_bytes(gzip.compress(b"hello" * 200))
    for name, words in (("none.nii.gz", "no such file"), (".", "folder"), ("text.nii.gz", "not a NIfTI")):
        with pytest.raises(FileRefusedError, match=words):
            read_volume(tmp_path / name)


def test_a_full_disk_leaves_nothing_under_the_final_name(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from nnunet_ext.core.nifti_write import write_image\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "data = np.random.default_rng(0).integers(0, 9999, (40, 40, 40)).astype('int16')\n"
        "write_image(Path(sys.argv[1]), data, np.eye(4))\n"
    )
    target = tmp_path / "big.nii.gz"
    done = subprocess.run([sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "OSError" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path: Path) -> None:
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    path = tmp_path / ("é" * 20 + "x" * (longest - 47) + ".nii.gz")
    write_mask(path, np.ones((2, 2, 2), np.uint8), AFFINE)
    assert read_mask(path).data.sum() == 8
