"""Reading a trained model's folder for prediction, without running anything that stands in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nnunet_ext.core.errors import EnvironmentProblemError, UnsafeModelError
from nnunet_ext.core.model_name import ASK, ModelName
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.read_checkpoint import Checkpoint, TrainedFold, TrainedModel, read_checkpoint
from nnunet_ext.models.check_configuration import check_configuration
from nnunet_ext.models.check_dataset_json import check_dataset_json
from nnunet_ext.models.check_plans import check_plans
from nnunet_ext.models.default_card import read_card
from nnunet_ext.models.entry_names import DATASET_JSON, FINAL, MANIFEST, PLANS, folds_of
from nnunet_ext.models.json_files import read_json_object
from nnunet_ext.models.manifest import changed_files


def load_model(folder: Path, folds: Sequence[str] = (), checkpoint: str = FINAL) -> TrainedModel:
    """Load a model that nnU-Net trained, or that was imported.

    Parameters
    ----------
    folder
        `nnUNet_results/DatasetXXX_NAME/TRAINER__PLANS__CONFIGURATION`, or any folder with the same files in it.
    folds
        Which ones; where empty all numbered ones that are finished, or `all` where there is no other.
    checkpoint
        Name of the file in each fold's folder.

    Raises
    ------
    EnvironmentProblemError
        Where there is no such model, or not the folds.
    UnsafeModelError
        Where it holds anything that could run code, or its files do not belong together.
    """
    missing = [name for name in (PLANS, DATASET_JSON) if not (folder / name).is_file()]
    if missing:
        raise EnvironmentProblemError(
            f"{folder}: a trained model was needed, {' and '.join(missing)} missing; "
            "those there are: ls -d $nnUNet_results/Dataset*/*__*__*"
        )
    files = {name: folder / f"fold_{name}" / checkpoint for name in folds or _finished(folder, checkpoint)}
    try:
        plans, dataset = read_model_json(folder)
        read = {name: _read(file) for name, file in files.items()}
        first = same_network(list(read.values()), plans, dataset)
        hashes = {name: sha256(file) for name, file in files.items()}
        _refuse_changed(folder, {f"fold_{name}/{checkpoint}": found for name, found in hashes.items()})
    except UnsafeModelError as error:
        raise UnsafeModelError(f"{folder}: {error}; {ASK}") from error
    return TrainedModel(
        name=_name(folder),
        plans=plans,
        dataset_json=dataset,
        configuration=first.configuration,
        trainer=first.trainer,
        mirroring_axes=first.mirroring_axes,
        folds=tuple(TrainedFold(name, one.weights, hashes[name]) for name, one in read.items()),
    )


def read_model_json(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the two files that every model has, `plans.json` and `dataset.json`, and check what stands in them.

    Raises
    ------
    UnsafeModelError
        See `check_plans` and `check_dataset_json`.
    """
    plans, dataset = read_json_object(folder / PLANS), read_json_object(folder / DATASET_JSON)
    check_plans(plans)
    check_dataset_json(dataset)
    return plans, dataset


def same_network(checkpoints: Sequence[Checkpoint], plans: Mapping[str, Any], dataset: Mapping[str, Any]) -> Checkpoint:
    """Give the first of a model's checkpoints, once they are all of one network and its plans have that.

    Raises
    ------
    UnsafeModelError
        Where they are not.
    """
    first = checkpoints[0]
    if any((other.trainer, other.configuration) != (first.trainer, first.configuration) for other in checkpoints):
        raise UnsafeModelError("its checkpoints are of several trainers or configurations")
    if first.configuration not in plans["configurations"]:
        raise UnsafeModelError(f"{PLANS}: has no configuration {first.configuration!r}, which its checkpoints are of")
    channels = dataset.get("modality", dataset.get("channel_names", {}))  # in nnU-Net's own order
    check_configuration(plans, first.configuration, len(channels))
    return first


def _finished(folder: Path, checkpoint: str) -> list[str]:
    """Name the folds that have the checkpoint; `all` saw the others' validation cases, and stands alone."""
    finished = [name for name in folds_of(folder) if (folder / f"fold_{name}" / checkpoint).is_file()]
    if not finished:
        raise EnvironmentProblemError(
            f"{folder}: no fold has a {checkpoint}; let the training finish, or name another with -chk"
        )
    return [name for name in finished if name != "all"] or finished


def _read(file: Path) -> Checkpoint:
    if not file.is_file():
        raise EnvironmentProblemError(
            f"{file}: there is no such checkpoint; folds are named with -f, the file with -chk"
        )
    return read_checkpoint(file)


def _refuse_changed(folder: Path, checkpoints: Mapping[str, str]) -> None:
    """Hold what was read against the manifest of a model that was shared, or the card of a default one."""
    manifest, card = (folder / MANIFEST).is_file(), read_card(folder)
    if not manifest and card is None:
        return
    read = {**checkpoints, **{name: sha256(folder / name) for name in (PLANS, DATASET_JSON)}}
    if card is not None:
        card.refuse_changed(read)
    if manifest and (changed := changed_files(read_json_object(folder / MANIFEST), read)):
        raise UnsafeModelError(
            f"{changed[0]}: is not the file that {MANIFEST} describes; import the model again (nnunet_ext model import "
            f"FILE.zip --force) or, if it was you who changed it, take {MANIFEST} away"
        )


def _name(folder: Path) -> str:
    name = ModelName.parse(folder.resolve().parts[-2:])
    return folder.resolve().name if name is None else str(name.folder)
