import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nnunet_ext.core.atomic import TEMPORARY_MARK, atomic_path, sweep, write_json, write_text


def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    write_text(path, "old")

    def write_half() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("ne")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_fails_its_check_does_not_get_its_name(tmp_path: Path) -> None:
    def check(_: Path) -> None:
        raise ValueError("not what was meant")

    with pytest.raises(ValueError, match="not what"), atomic_path(tmp_path / "a.txt", check) as temporary:
        temporary.write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_only_what_a_sweep_removes(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal\n"
        "from pathlib import Path\n"
        "from nnunet_ext.core.atomic import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    target = tmp_path / "mask.nii.gz"
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not target.exists()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(TEMPORARY_MARK)
    assert sweep(tmp_path) == [left]
    assert list(tmp_path.iterdir()) == []


def test_what_is_flushed_is_open_for_writing_as_windows_demands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed, flush = [], os.fsync

    def as_on_windows(descriptor: int) -> None:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.write(descriptor, b"")  # EBADF where it was opened for reading
            flushed.append(os.fstat(descriptor).st_ino)
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", as_on_windows)
    write_text(tmp_path / "table.tsv", "case")
    assert flushed == [(tmp_path / "table.tsv").stat().st_ino]


def test_json_keeps_the_order_of_its_keys(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"sc": 1, "lesion": 2, "background": 0})
    assert (tmp_path / "a.json").read_text().split('"')[1::2] == ["sc", "lesion", "background"]
