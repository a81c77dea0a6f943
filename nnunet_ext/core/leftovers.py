"""Unfinished files and folders: named so that a sweep knows them, and held by the process that writes them."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nnunet_ext.core.hold import hold

TEMPORARY_MARK: Final = ".part-"
"""Names of unfinished files start with this."""

_HELD: Final = ".held"
_TRIES: Final = 100


@contextmanager
def unfinished_file(folder: Path, ending: str) -> Iterator[Path]:
    """Make an empty file for the block, which is to fill and rename it; what is not renamed is deleted.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    for _ in range(_TRIES):
        path = folder / f"{TEMPORARY_MARK}{secrets.token_hex(6)}{ending}"
        with hold(path, make=True) as held:
            if held:  # else a sweep took it for a leftover before it was locked
                try:
                    yield path
                finally:
                    path.unlink(missing_ok=True)
                return
    raise FileExistsError(f"{folder}: no unfinished file stays there: another process deletes them")


@contextmanager
def scratch_folder(parent: Path, mark: str) -> Iterator[Path]:
    """Make an empty folder for the block and delete it afterwards; first delete what killed runs left of theirs.

    Parameters
    ----------
    parent
        Where it is made.
    mark
        Start of its name, which no folder of anybody else has.
    """
    sweep(parent, mark, below=False)
    for _ in range(_TRIES):
        folder = parent / f"{mark}{secrets.token_hex(6)}"
        folder.mkdir(mode=0o700)
        try:
            with hold(folder / _HELD, make=True) as held:
                if held:
                    (folder / "content").mkdir()
                    yield folder / "content"
                    return
        except FileNotFoundError:
            if folder.exists():
                raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    raise FileExistsError(f"{parent}: no unfinished folder stays there: another process deletes them")


def sweep(folder: Path, mark: str = TEMPORARY_MARK, *, below: bool = True) -> list[Path]:
    """Delete unfinished files and folders that no living process holds, and say which they were.

    Parameters
    ----------
    folder
        Where to look; nothing is done where there is none. Links are not followed, and never deleted.
    mark
        Start of their names.
    below
        Whether to look in folders below it, too.
    """
    removed = []
    for place, folders, files in os.walk(folder):
        for name in sorted(files):
            if name.startswith(mark) and _remove_file(Path(place) / name):
                removed.append(Path(place) / name)
        for name in sorted(folders):
            if name.startswith(mark) and _remove_folder(Path(place) / name):
                removed.append(Path(place) / name)
        folders[:] = [name for name in sorted(folders) if below and not name.startswith(mark)]
    return removed


def _remove_file(path: Path) -> bool:
    if not path.is_file() or path.is_symlink():
        return False
    with hold(path, make=False) as held:
        if held:
            with suppress(OSError):  # Windows, where somebody has it open; or somebody else's
                path.unlink()
                return True
    return False


def _remove_folder(path: Path) -> bool:
    if path.is_symlink():
        return False
    try:
        with hold(path / _HELD, make=not (path / _HELD).exists()) as held:
            if held:
                shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return False
    return not path.exists()
