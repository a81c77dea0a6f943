"""Where data came from and what made it, without saying where on whose disk it lay."""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nnunet_ext

_BIDS_VERSION: Final = "1.10.0"
_CHUNK: Final = 1 << 20
_GIT_SECONDS: Final = 30


@dataclass(frozen=True)
class SourceVersion:
    """The version of a source folder.

    Parameters
    ----------
    name
        The folder's own name, without its path.
    commit
        Its git (or DataLad) commit, None where it is no repository of its own.
    dirty
        Whether files differ from that commit, None without one.
    datalad_id
        The DataLad dataset's identifier, None where it is none.
    """

    name: str
    commit: str | None
    dirty: bool | None
    datalad_id: str | None


def generated_by() -> dict[str, str]:
    """Give the entry for BIDS's `GeneratedBy`: this tool and its version."""
    return {"Name": "nnunet_ext", "Version": nnunet_ext.__version__}


def derivative_description(title: str) -> dict[str, Any]:
    """Give what BIDS wants to stand in the `dataset_description.json` of a derivative."""
    about = {"Name": title, "BIDSVersion": _BIDS_VERSION, "DatasetType": "derivative"}
    return {**about, "GeneratedBy": [generated_by()]}


def sha256(path: Path) -> str:
    """Hash a file's bytes, reading it in pieces.

    Raises
    ------
    OSError
        Where it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def source_version(folder: Path) -> SourceVersion:
    """Say which version of a dataset lies in `folder`; nothing in it is written or locked."""
    folder = folder.resolve()
    commit = dirty = None
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is not None and Path(top).resolve() == folder:  # a folder inside another project is not its own source
        commit = _git(folder, "rev-parse", "HEAD")
        status = _git(folder, "--no-optional-locks", "status", "--porcelain")
        dirty = None if commit is None or status is None else bool(status)
    return SourceVersion(folder.name, commit, dirty, _datalad_id(folder))


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_GIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):  # no git on this machine, or a network drive that does not answer
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _datalad_id(folder: Path) -> str | None:
    config = folder / ".datalad" / "config"
    if not config.is_file():
        return None
    for line in config.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "id":
            return value.strip()
    return None
