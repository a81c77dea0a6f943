"""Finding image files in a BIDS tree; nothing is opened, nothing is written."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import ENDINGS, strip_ending
from nnunet_ext.core.other_folder import did_you_mean

NEVER_ENTERED: Final = frozenset({"sourcedata", "code"})
"""Folders that repeat raw names or hold other things than raw images; hidden ones are not entered either."""


def walk_images(dataset: Path, root: str = "") -> list[str]:
    """List every NIfTI file below the `sub-*` folders of a dataset.

    Parameters
    ----------
    dataset
        Its folder.
    root
        Relative to it, the folder that holds the `sub-*` folders.

    Returns
    -------
    list of str
        Paths relative to `dataset`, with forward slashes, in an order that does not depend on the file system. Links
        that lead nowhere are listed too: they stand for content that was not downloaded.

    Raises
    ------
    DataRefusedError
        Where there is no such folder, or no image below a `sub-*` folder.
    """
    folder = dataset / root
    if not folder.is_dir():
        raise DataRefusedError(
            f"{folder}: a BIDS folder was needed, found {'a file' if folder.exists() else 'nothing'}"
            f"{did_you_mean(folder, holds_subjects) or '; check the path'}"
        )
    found = [path for name in _subjects(folder) for path in _files(str(folder / name), f"{name}/")]
    if not found:
        raise DataRefusedError(
            f"{folder}: a BIDS folder was needed, with images below sub-*/; found none"
            f"{did_you_mean(folder, holds_subjects)}"
        )
    return sorted(f"{root}/{path}" if root else path for path in found)


def holds_subjects(folder: Path) -> bool:
    """Tell whether a folder is laid out as a BIDS dataset, and no derivative: images below `sub-*`."""
    if folder.parent.name == "derivatives":
        return False
    return any(True for name in _subjects(folder) for _ in _files(str(folder / name), ""))


def find_labels(root: Path, folder: str) -> dict[str, list[str]]:
    """List the NIfTI files of a derivatives folder, by their stem.

    Parameters
    ----------
    root
        The dataset's folder.
    folder
        Relative to it, such as ``derivatives/labels``. It may be missing.

    Returns
    -------
    dict
        For each file name without ending, the paths relative to `root` that have it.
    """
    labels: dict[str, list[str]] = {}
    for path in sorted(_files(str(root / folder), f"{folder}/")) if (root / folder).is_dir() else []:
        name = path.rsplit("/", 1)[-1]
        labels.setdefault(strip_ending(name), []).append(path)
    return labels


def _subjects(folder: Path) -> list[str]:
    return sorted(entry.name for entry in os.scandir(folder) if entry.name.startswith("sub-") and entry.is_dir())


def _files(folder: str, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.endswith(ENDINGS) or name.lower().endswith(ENDINGS):  # in capitals, too: to be refused by name
                yield _as_text(prefix + name)
            elif not name.startswith(".") and name not in NEVER_ENTERED and entry.is_dir() and not _leads_back(entry):
                yield from _files(entry.path, f"{prefix}{name}/")


def _leads_back(entry: os.DirEntry[str]) -> bool:
    """Say whether a folder is a link to one that holds it, which would be followed for ever."""
    if not entry.is_symlink():
        return False
    return Path(os.path.realpath(entry.path)) in Path(os.path.realpath(Path(entry.path).parent)).joinpath("x").parents


def _as_text(path: str) -> str:
    """Spell bytes that are no text, as in names from an old disk: such a name is no BIDS name, and is listed so."""
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
