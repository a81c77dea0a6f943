import hashlib
import subprocess
from pathlib import Path

from nnunet_ext.core.provenance import sha256, source_version


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_repository_is_known_by_its_commit(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    (tmp_path / ".datalad").mkdir()
    (tmp_path / ".datalad" / "config").write_text('[datalad "dataset"]\n\tid = 1234-5678\n')
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "data")
    version = source_version(tmp_path)
    assert (version.commit, version.dirty, version.datalad_id) == (
        _git(tmp_path, "rev-parse", "HEAD"),
        False,
        "1234-5678",
    )
    (tmp_path / "new").write_text("x")
    assert source_version(tmp_path).dirty is True


def test_a_folder_inside_another_repository_is_not_its_own_source(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    (tmp_path / "data").mkdir()
    version = source_version(tmp_path / "data")
    assert (version.name, version.commit, version.dirty) == ("data", None, None)


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000
    (tmp_path / "a").write_bytes(content)
    assert sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()
