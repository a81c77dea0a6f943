"""Writing files so that a half-written one never stands under its final name."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnunet_ext.core.leftovers import TEMPORARY_MARK, sweep, unfinished_file

__all__ = ["TEMPORARY_MARK", "atomic_path", "flush_to_disk", "sweep", "write_bytes", "write_json", "write_text"]


@contextmanager
def atomic_path(path: Path, verify: Callable[[Path], object] | None = None) -> Iterator[Path]:
    """Give a temporary path that becomes `path` once the block has written it.

    The temporary file stands in the same folder, so that the rename is atomic. It keeps the final file's endings
    (`.nii.gz`), since writers choose the format by them. It must be written in place: a file that is renamed over it is
    not known to be this process's.

    Parameters
    ----------
    path
        The final name. Its folder is made where it is missing.
    verify
        Called with the flushed temporary file before the rename. It raises where the file is not what was meant.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    OSError
        Where the disk is full or the folder cannot be written; nothing then stands under `path` that did not before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The original name is not repeated: it may already be as long as the file system allows.
    with unfinished_file(path.parent, _endings(path)) as temporary:
        yield temporary
        flush_to_disk(temporary)
        if verify is not None:
            verify(temporary)
        temporary.replace(path)
        flush_to_disk(path.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8 with bare line feeds."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, content: Any, *, allow_nan: bool = False) -> None:  # noqa: ANN401 - whatever json takes
    """Write `content` to `path` atomically, keys in their given order (nnU-Net reads meaning into it).

    With `allow_nan` also NaN, which is no JSON: nnU-Net's own plans hold it where a dataset has no foreground.
    """
    write_text(path, json.dumps(content, indent=4, ensure_ascii=False, allow_nan=allow_nan) + "\n")


def flush_to_disk(path: Path) -> None:
    """Return when a file's content, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name == "nt":  # Windows cannot open a folder to flush it
        return
    # Windows flushes only what is open for writing, and no system opens a folder so.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _endings(path: Path) -> str:
    return ".nii.gz" if path.name.endswith(".nii.gz") else path.suffix
