"""Where an import unpacks, and how what has passed leaves it: whole or not at all."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Final

from filelock import FileLock, Timeout

from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.provenance import sha256

# Beside the models, so that a rename suffices; nnU-Net looks at names that start with Dataset only.
_QUARANTINE: Final = ".nnunet_ext-import"
_PREVIOUS: Final = ".nnunet_ext-previous"


@contextmanager
def quarantine(results: Path) -> Iterator[Path]:
    """Give a folder to unpack into, as this process alone has it, and delete it after the block.

    What a killed import left is tidied up before: an old model that was just being replaced is put back.

    Parameters
    ----------
    results
        `nnUNet_results`; made where it is missing.

    Raises
    ------
    ConflictError
        Where another process installs a model.
    """
    results.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(results / f"{_QUARANTINE}.lock", blocking=False):
            _tidy_up(results)
            try:
                yield results / _QUARANTINE
            finally:
                _tidy_up(results)
    except Timeout as error:
        raise ConflictError(f"{results}: another process installs a model; wait for it to end") from error


def stands_there(place: PurePath, results: Path) -> bool:
    """Tell whether an earlier call has installed these very files, and nothing was added to them since.

    Parameters
    ----------
    place
        Of the model: a folder in a folder, the same below the quarantine and below `results`.
    """
    folders = results / _QUARANTINE / place, results / place
    fresh, there = ({file.relative_to(folder): file for file in _files(folder)} for folder in folders)
    return fresh.keys() == there.keys() and all(
        there[name].is_file() and sha256(fresh[name]) == sha256(there[name]) for name in fresh
    )


def move_in(places: Sequence[PurePath], results: Path) -> None:
    """Move models from the quarantine to the same places below `results`, in the stead of what is there.

    Killed at any moment, each place holds the old model, the new one or none, which the next `quarantine` mends.
    """
    for place in places:
        if os.path.lexists(results / place):
            _move(results / place, results / _PREVIOUS / place)
        _move(results / _QUARANTINE / place, results / place)


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if not path.is_dir()]


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def _tidy_up(results: Path) -> None:
    """Put back what was moved away and not replaced, and delete what is left over."""
    for previous in sorted((results / _PREVIOUS).glob("*/*")):
        place = results / previous.relative_to(results / _PREVIOUS)
        if not os.path.lexists(place):
            _move(previous, place)
    for folder in (_QUARANTINE, _PREVIOUS):
        shutil.rmtree(results / folder, ignore_errors=True)
