"""Zips that tell nothing but their content."""

import shutil
import zipfile
from pathlib import Path
from typing import Final

_BEGINNING: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can tell
_PLAIN_FILE: Final = 0o100644 << 16
_UNIX: Final = 3


def write_zip(folder: Path, archive: Path) -> None:
    """Store every file below a folder, sorted by name, without times or owners: equal content gives equal bytes.

    Without compression too: weights and images hardly compress any further, and the bytes of a compressed file depend
    on the version of zlib.

    Parameters
    ----------
    folder
        Its own name is in no entry.
    archive
        Overwritten where it exists; give a name that is not final, see `atomic_path`.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _BEGINNING)
            info.create_system, info.external_attr, info.file_size = _UNIX, _PLAIN_FILE, path.stat().st_size
            with path.open("rb") as source, packed.open(info, "w") as sink:
                shutil.copyfileobj(source, sink)
