"""Keeping what another file is about to take the place of."""

import shutil
from pathlib import Path

from nnunet_ext.core.atomic import atomic_path
from nnunet_ext.core.provenance import sha256


def keep_copy(path: Path, folder: Path) -> Path:
    """Copy a file into a folder under its hash, and give the copy; what stands there already is that very file."""
    kept = folder / f"{sha256(path)[:16]}_{path.name}"
    if not kept.is_file():
        with atomic_path(kept) as temporary:
            shutil.copyfile(path, temporary)
    return kept
