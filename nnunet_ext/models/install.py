"""Installing a shared model: out of quarantine, whole or not at all."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import ConflictError
from nnunet_ext.models.quarantine import move_in, quarantine, stands_there
from nnunet_ext.models.verify import VerifiedModel, VerifiedZip, unpack_verified

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
    with quarantine(results) as fresh:
        verified = unpack_verified(archive, fresh, dataset)
        wanted = [model for model in verified.models if not stands_there(model.name.folder, results)]
        _refuse_to_replace_a_training(wanted, results)
        if not force:
            _refuse_conflicts(wanted, results, others)
        move_in([model.name.folder for model in wanted], results)
    return verified


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
