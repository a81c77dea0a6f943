"""Whether a file has its content, which git-annex and git-lfs leave elsewhere."""

from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError

_POINTER_BYTES: Final = 32 * 1024  # git-annex's own limit for what may be a pointer


def check_present(path: Path) -> None:
    """Refuse a file that is missing, or that stands for content which was never downloaded.

    git-annex leaves a link to nowhere or, on some file systems, a hundred bytes of text that every other tool takes
    for an image.

    Raises
    ------
    FileRefusedError
        With the command that fetches the content.
    """
    if path.is_symlink() and not path.exists():
        raise FileRefusedError(path, f"content not downloaded (dangling link); run: datalad get '{path.name}'")
    if not path.exists():
        raise FileRefusedError(path, "no such file; check the path")
    if not path.is_file():
        raise FileRefusedError(path, "a file was needed and this is a folder")
    if path.stat().st_size < _POINTER_BYTES:
        with path.open("rb") as stream:
            start = stream.read(200)
        if b"/annex/objects/" in start or start.startswith(b"version https://git-lfs"):
            fetch = "git lfs pull" if start.startswith(b"version") else f"datalad get '{path.name}'"
            raise FileRefusedError(path, f"content not downloaded (a pointer of {len(start)} bytes); run: {fetch}")
