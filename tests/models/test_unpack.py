import stat
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import FileRefusedError, UnsafeModelError
from nnunet_ext.core.zip_entries import Limits
from nnunet_ext.models.entry_names import Fate, below_model, fate_of
from nnunet_ext.models.model_folders import model_folders
from nnunet_ext.models.unpack import unpack

MODEL = "Dataset007_Cord/nnUNetTrainer__nnUNetPlans__3d_fullres"
PLANS = f"{MODEL}/plans.json"


def zip_of(path: Path, *entries: zipfile.ZipInfo | str, data: bytes = b"{}") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile's own, about a name that stands twice
        for entry in entries:
            opened.writestr(entry, data)
    return path


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.json", "leads out"),
        (f"{MODEL}/../../../evil.json", "leads out"),
        ("/etc/evil.json", "absolute path"),
        ("C:/evil.json", "absolute path"),
        ("..\\evil.json", "backslash"),
        (f"{MODEL}/fold_0/../plans.json", "leads out"),
        (f"{MODEL}//plans.json", "letters, digits"),
        (f"{MODEL}/./plans.json", "letters, digits"),
        (f"{MODEL}/plans.json.", "letters, digits"),
        (f"{MODEL}/plаns.json", "letters, digits"),  # with a Cyrillic letter
        ("../", "leads out"),
        (f"{MODEL}/trainer_class.py", "no file of a model"),
        (f"{MODEL}/fold_0/checkpoint_final.pkl", "no file of a model"),
        (f"{MODEL}/sitecustomize.pth", "no file of a model"),
        ("plans.json", "no file of a model"),
        ("Dataset007_Cord/evil__nnUNetPlans__3d_fullres/plans.json", "no file of a model"),
        ("evil.pth", "no file of a model"),
    ],
)
def test_a_name_that_no_model_has_is_refused_and_nothing_is_written(tmp_path: Path, name: str, reason: str) -> None:
    archive = zip_of(tmp_path / "model.zip", PLANS, name)
    into = tmp_path / "in" / "quarantine"
    with pytest.raises(UnsafeModelError, match=reason):
        unpack(archive, into)
    assert files_below(tmp_path) == ["model.zip"]


@given(st.lists(st.sampled_from([*"./\\:~ \0", "..", "Dataset007_x", MODEL, "fold_0", "plans.json", "é"]), max_size=8))
def test_whatever_the_name_it_stays_in_the_folder_or_is_refused(parts: list[str]) -> None:
    name = "".join(parts)
    try:
        models = model_folders([name])
        fate = fate_of(name, models)
    except UnsafeModelError:
        return
    assert ".." not in name.split("/")
    assert not name.startswith("/")
    if fate is Fate.INSTALL:
        place, inner = below_model(name, models) or ("", "")
        assert f"{place}/{inner}" in {f"{MODEL}/plans.json", "Dataset007_x/unnamed/plans.json"}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    link = zipfile.ZipInfo(PLANS)
    link.create_system, link.external_attr = 3, (kind | 0o777) << 16
    archive = zip_of(tmp_path / "model.zip", link, data=b"/etc/passwd")
    with pytest.raises(UnsafeModelError, match="a link or a device"):
        unpack(archive, tmp_path / "quarantine")
    assert not (tmp_path / "quarantine").exists()


@pytest.mark.parametrize("second", [PLANS, PLANS.replace("Cord", "CORD")])
def test_a_name_that_stands_twice_is_refused_on_every_system(tmp_path: Path, second: str) -> None:
    archive = zip_of(tmp_path / "model.zip", PLANS, second)
    with pytest.raises(UnsafeModelError, match="stands twice"):
        unpack(archive, tmp_path / "quarantine")


def test_a_name_that_zipfile_would_cut_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "model.zip", f"{PLANS}x.py")
    archive.write_bytes(archive.read_bytes().replace(b"plans.jsonx.py", b"plans.json\0.py"))
    with pytest.raises(UnsafeModelError, match="read as"):
        unpack(archive, tmp_path / "quarantine")


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "model.zip", PLANS)
    bytes_ = bytearray(archive.read_bytes())
    bytes_[bytes_.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(bytes(bytes_))
    with pytest.raises(UnsafeModelError, match="encrypted"):
        unpack(archive, tmp_path / "quarantine")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(tmp_path: Path, method: int) -> None:
    entry = zipfile.ZipInfo(PLANS)
    entry.compress_type = method
    with pytest.raises(UnsafeModelError, match="stored or deflated"):
        unpack(zip_of(tmp_path / "model.zip", entry), tmp_path / "quarantine")


def bomb(path: Path, megabytes: int) -> Path:
    name = f"{MODEL}/fold_0/checkpoint_final.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened, opened.open(name, "w") as entry:
        for _ in range(megabytes):
            entry.write(bytes(1 << 20))
    return path


def test_a_bomb_is_stopped_long_before_it_has_gone_off(tmp_path: Path) -> None:
    archive = bomb(tmp_path / "model.zip", 300)
    assert archive.stat().st_size < 1 << 19
    with pytest.raises(UnsafeModelError, match="200 times its packed size"):
        unpack(archive, tmp_path / "quarantine")
    written = sum(path.stat().st_size for path in (tmp_path / "quarantine").rglob("*") if path.is_file())
    assert written < 100 << 20


def test_a_bomb_cannot_hide_behind_the_sizes_that_it_declares(tmp_path: Path) -> None:
    archive = bomb(tmp_path / "model.zip", 8)
    raw = bytearray(archive.read_bytes())
    entry = raw.index(b"PK\x01\x02")
    raw[entry + 20 : entry + 24] = (1 << 30).to_bytes(4, "little")  # packed: makes the ratio small
    archive.write_bytes(bytes(raw))
    with pytest.raises(UnsafeModelError, match="overlap"):
        unpack(archive, tmp_path / "one")
    raw[entry + 20 : entry + 28] = (100).to_bytes(4, "little") * 2  # and unpacked: makes the file small
    archive.write_bytes(bytes(raw))
    with pytest.raises((UnsafeModelError, FileRefusedError)):
        unpack(archive, tmp_path / "two")
    assert sum(path.stat().st_size for path in (tmp_path / "two").rglob("*") if path.is_file()) <= 100


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(entries=1), "2 entries"),
        (Limits(total_bytes=15), "in all"),
        (Limits(text_bytes=9), "more than 9 bytes"),
    ],
)
def test_each_limit_holds(tmp_path: Path, limits: Limits, reason: str) -> None:
    archive = zip_of(tmp_path / "model.zip", PLANS, f"{MODEL}/dataset.json", data=b"0123456789")
    with pytest.raises(UnsafeModelError, match=reason):
        unpack(archive, tmp_path / "quarantine", limits)


@pytest.mark.parametrize("kept", [0, 10, 150, -1])
def test_a_truncated_zip_is_called_damaged(tmp_path: Path, kept: int) -> None:
    archive = zip_of(tmp_path / "model.zip", PLANS)
    archive.write_bytes(archive.read_bytes()[:kept])
    with pytest.raises(FileRefusedError, match="fetch it again"):
        unpack(archive, tmp_path / "quarantine")


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo(PLANS)
    archive = zip_of(tmp_path / "model.zip", entry, data=b'{"key": "value"}')
    raw = archive.read_bytes()
    archive.write_bytes(raw.replace(b"value", b"valve"))
    with pytest.raises(FileRefusedError, match="CRC"):
        unpack(archive, tmp_path / "quarantine")


def test_what_prediction_does_not_need_is_known_and_left_out(tmp_path: Path) -> None:
    beside = [
        f"{MODEL}/fold_0/debug.json",
        f"{MODEL}/fold_0/validation/case.nii.gz",
        "Dataset007_Cord/ensembles/a/b.pkl",
    ]
    archive = zip_of(tmp_path / "model.zip", "Dataset007_Cord/", PLANS, *beside)
    unpacked = unpack(archive, tmp_path / "quarantine")
    assert unpacked.installed == (PLANS,)
    assert sorted(unpacked.left_out) == sorted(beside)
    assert files_below(tmp_path / "quarantine") == [PLANS]
