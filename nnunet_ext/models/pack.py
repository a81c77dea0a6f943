"""Packing a folder into a zip whose bytes depend on its content only."""

import shutil
import zipfile
from pathlib import Path
from typing import Final

_BEGINNING: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can tell
_PLAIN_FILE: Final = 0o100644 << 16
_UNIX: Final = 3


def pack(folder: Path, archive: Path) -> None:
    """Store every file below `folder`, sorted by name, without times, owners or compression.

    Weights hardly compress, and the bytes of a compressed file depend on the version of zlib.

    Parameters
    ----------
    folder
        What to pack.
    archive
        The zip, overwritten where it exists.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _BEGINNING)
            info.create_system, info.external_attr, info.file_size = _UNIX, _PLAIN_FILE, path.stat().st_size
            with path.open("rb") as source, packed.open(info, "w") as sink:
                shutil.copyfileobj(source, sink)
