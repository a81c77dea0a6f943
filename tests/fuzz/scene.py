"""What a command reads, and how it is called."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FOLDERS: Final = {"nnUNet_raw": "raw", "nnUNet_preprocessed": "preprocessed", "nnUNet_results": "r"}


@dataclass(frozen=True)
class Scene:
    """A command, and the text files that it reads.

    Parameters
    ----------
    name
        Of the scene.
    arguments
        Of the command; `{root}` stands for the folder that the scene was copied to.
    files
        That are spoiled, one at a time, relative to that folder.
    nnunet
        Whether nnU-Net's folders are those of the scene.
    """

    name: str
    arguments: tuple[str, ...]
    files: tuple[str, ...]
    nnunet: bool = False


@contextlib.contextmanager
def nnunet_folders(root: Path) -> Iterator[None]:
    """Let nnU-Net's variables name folders below `root`."""
    before = dict(os.environ)
    os.environ.update({name: str(root / folder) for name, folder in _FOLDERS.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
