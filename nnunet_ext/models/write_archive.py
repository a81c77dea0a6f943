"""Writing a model's zip, whole and verified or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from nnunet_ext.core.atomic import atomic_path
from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.leftovers import scratch_folder, sweep
from nnunet_ext.core.plain_zip import write_zip
from nnunet_ext.core.provenance import sha256

_STAGING: Final = ".nnunet_ext-export-"
Staged = TypeVar("Staged")


def write_archive(
    archive: Path, stage: Callable[[Path], Staged], verify: Callable[[Path], object], *, force: bool
) -> Staged:
    """Zip what `stage` writes into an empty folder, once `verify` has passed the zip. Equal content gives equal bytes.

    What killed exports left unfinished in the same folder is deleted first.

    Parameters
    ----------
    archive
        The zip to write; its folder is made where it is missing.
    force
        Overwrite another file of that name.

    Returns
    -------
    Staged
        Whatever `stage` answers.

    Raises
    ------
    ConflictError
        Where `archive` exists already, and is not the very zip that would be written.
    """
    folder = archive.parent
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder, below=False)
    with scratch_folder(folder, _STAGING) as staging:
        staged = stage(staging)
        with atomic_path(archive, verify=verify) as temporary:
            write_zip(staging, temporary)
            if not force:
                _refuse_other(archive, temporary)
    return staged


def _refuse_other(archive: Path, written: Path) -> None:
    """Refuse to replace any file but the one that a run of the same command left, which was killed or is repeated."""
    if archive.exists() and not (archive.is_file() and sha256(archive) == sha256(written)):
        raise ConflictError(f"{archive}: exists; choose another -o, or overwrite it with --force")
