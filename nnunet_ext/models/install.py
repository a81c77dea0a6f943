"""Installing a shared model: out of quarantine, whole or not at all."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.models.verify import VerifiedModel, VerifiedZip, unpack_verified

# Beside the models, so that a rename suffices; nnU-Net looks at names that start with Dataset only.
_QUARANTINE: Final = ".nnunet_ext-import"
_PREVIOUS: Final = ".nnunet_ext-previous"
_TRAINED: Final = "fold_*/training_log_*.txt"  # nnU-Net's own, which no export holds


def install_model(
    archive: Path, results: Path, *, force: bool = False, others: Sequence[Path] = (), dataset: str = ""
) -> VerifiedZip:
    """Verify a zip in quarantine, then move its models to their places.

    Killed at any moment, each place holds the old model, the new one or none; the next call tidies up, and puts back an
    old model that was just being replaced. A model that stands there already, file by file the same, is left as it is.

    Parameters
    ----------
    archive
        From `export_model`, or nnU-Net's own export.
    results
        `nnUNet_results`; made where it is missing.
    force
        Replace a model of the same name, if it was installed and not trained here.
    others
        nnU-Net's other folders of datasets, in which the number of a dataset must not mean another one.
    dataset
        Name of the dataset's folder, in the place of the zip's own or where that is missing.

    Raises
    ------
    FileRefusedError, UnsafeModelError, UsageError
        See `unpack_verified`.
    ConflictError
        Where another such model stands there already or was trained there, its dataset's number is another dataset's,
        or another process installs a model. Nothing was changed then.
    """
    results.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(results / f"{_QUARANTINE}.lock", blocking=False):
            _tidy_up(results)
            try:
                verified = unpack_verified(archive, results / _QUARANTINE, dataset)
                wanted = [model for model in verified.models if not _stands_there(model, results)]
                _refuse_to_replace_a_training(wanted, results)
                if not force:
                    _refuse_conflicts(wanted, results, others)
                _move_in(wanted, results)
            finally:
                _tidy_up(results)
            return verified
    except Timeout as error:
        raise ConflictError(f"{results}: another process installs a model; wait for it to end") from error


def _stands_there(model: VerifiedModel, results: Path) -> bool:
    """Tell whether an earlier call has installed these very files, and nothing was added to them since."""
    folders = results / _QUARANTINE / model.name.folder, results / model.name.folder
    fresh, there = ({file.relative_to(folder): file for file in _files(folder)} for folder in folders)
    return fresh.keys() == there.keys() and all(
        there[name].is_file() and sha256(fresh[name]) == sha256(there[name]) for name in fresh
    )


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if not path.is_dir()]


def _refuse_to_replace_a_training(models: Sequence[VerifiedModel], results: Path) -> None:
    for model in models:
        place = results / model.name.folder
        if any(place.glob(_TRAINED)):
            raise ConflictError(
                f"{place}: was trained here, and an import never replaces a training; rename that folder, or install "
                "below another nnUNet_results"
            )


def _refuse_conflicts(models: Sequence[VerifiedModel], results: Path, others: Sequence[Path]) -> None:
    for model in models:
        place = results / model.name.folder
        if os.path.lexists(place):
            raise ConflictError(f"{place}: stands there already; replace it with --force")
        number = model.name.dataset.split("_")[0]
        for folder in (results, *others):
            for other in sorted(folder.glob(f"{number}_*")):
                if other.name != model.name.dataset and other.is_dir():
                    raise ConflictError(
                        f"{other}: has the number of {model.name.dataset}, so that nnU-Net could find neither by it; "
                        f"rename it, give this one another number with --as DatasetXXX_NAME, or install all the same "
                        f"with --force and give nnU-Net names in full"
                    )


def _move_in(models: Sequence[VerifiedModel], results: Path) -> None:
    for model in models:
        place = results / model.name.folder
        if os.path.lexists(place):
            _move(place, results / _PREVIOUS / model.name.folder)
        _move(results / _QUARANTINE / model.name.folder, place)


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
