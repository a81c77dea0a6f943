"""Every check that a shared model must pass before it may stand among one's own."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from nnunet_ext.core.errors import DataRefusedError, UnsafeModelError
from nnunet_ext.core.leftovers import scratch_folder
from nnunet_ext.core.model_name import ASK, STOCK_TRAINER, ModelName
from nnunet_ext.core.read_checkpoint import Checkpoint, read_checkpoint
from nnunet_ext.models.check_weights import check_weights
from nnunet_ext.models.entry_names import CROP_METADATA, DATASET_JSON, FINAL, MANIFEST, MODEL_CARD, PLANS
from nnunet_ext.models.json_files import crop_metadata, read_json_object
from nnunet_ext.models.load import read_model_json, same_network
from nnunet_ext.models.manifest import ModelFacts, check_manifest
from nnunet_ext.models.model_folders import UNNAMED
from nnunet_ext.models.postprocessing_file import read_postprocessing
from nnunet_ext.models.unpack import Unpacked, unpack

_SCRATCH: Final = "nnunet_ext-verify-"


@dataclass(frozen=True)
class VerifiedModel:
    """A model that passed.

    Parameters
    ----------
    name, checkpoints
        Its name, which says where it is installed, and files of its checkpoints, relative to that folder.
    trainer
        Whose network nnU-Net will build.
    mirroring_axes
        That prediction may mirror.
    labels, orientation
        Of its `dataset.json`; None where it does not tell the orientation.
    size
        Of its files, in bytes.
    facts
        What its manifest tells; None where it has none, as nnU-Net's own exports.
    """

    name: ModelName
    checkpoints: tuple[str, ...]
    trainer: str
    configuration: str
    mirroring_axes: tuple[int, ...] | None
    labels: dict[str, Any]
    orientation: str | None
    size: int
    facts: ModelFacts | None


@dataclass(frozen=True)
class VerifiedZip:
    """The models of a zip, and what was not taken: parts of a model that nobody needs, and things beside it."""

    models: tuple[VerifiedModel, ...]
    left_out: tuple[str, ...]
    extras: tuple[str, ...]


def verify_zip(archive: Path, dataset: str = "") -> VerifiedZip:
    """Verify a zip and install nothing.

    Raises
    ------
    FileRefusedError, UnsafeModelError, UsageError
        See `unpack_verified`.
    """
    with scratch_folder(Path(tempfile.gettempdir()), _SCRATCH) as scratch:
        return unpack_verified(archive, scratch, dataset)


def unpack_verified(archive: Path, quarantine: Path, dataset: str = "") -> VerifiedZip:
    """Unpack a zip into a folder for nothing else, and check everything in it.

    Parameters
    ----------
    dataset
        Name of the dataset's folder, in the place of the zip's own or where that is missing.

    Raises
    ------
    FileRefusedError
        Where it is no zip, or a damaged one.
    UnsafeModelError
        Where it holds anything that could run code or lead out of its folder, or is not what its manifest says. What
        was unpacked must then not be used.
    UsageError
        Where `dataset` is no name of one, or there are several.
    """
    unpacked = unpack(archive, quarantine, dataset=dataset)
    folders = sorted({"/".join(PurePosixPath(entry).parts[:2]) for entry in unpacked.installed})
    try:
        if not folders:
            raise UnsafeModelError(f"holds no model: {PLANS}, {DATASET_JSON} and fold_N/{FINAL} were needed")
        models = tuple(_verify_model(quarantine, folder, unpacked) for folder in folders)
    except (UnsafeModelError, DataRefusedError) as error:
        raise UnsafeModelError(f"{archive}: {error}; {ASK}") from error
    return VerifiedZip(models, unpacked.left_out, unpacked.extras)


def _verify_model(quarantine: Path, place: str, unpacked: Unpacked) -> VerifiedModel:
    folder = quarantine / place
    names, left_out = (
        [entry.removeprefix(f"{place}/") for entry in entries if entry.startswith(f"{place}/")]
        for entries in (unpacked.installed, unpacked.left_out)
    )
    missing = [needed for needed in (PLANS, DATASET_JSON) if needed not in names]
    checkpoints = tuple(entry for entry in names if entry.endswith(".pth"))
    if missing or not checkpoints:
        raise UnsafeModelError(f"{place}: {', '.join(missing) or 'a checkpoint'} was needed and is missing")
    facts = _facts(folder, names, left_out)
    for text in (entry for entry in names if entry.endswith(".json")):
        read_json_object(folder / text)
    for steps in (entry for entry in names if entry.endswith(".pkl")):
        read_postprocessing(folder / steps)
    plans, dataset = read_model_json(folder)
    if CROP_METADATA in names:
        crop_metadata(read_json_object(folder / CROP_METADATA))
    read = {entry: read_checkpoint(folder / entry) for entry in checkpoints}
    first = same_network(list(read.values()), plans, dataset)
    if first.trainer == STOCK_TRAINER:  # others may build another network, which only they know
        check_weights(plans, dataset, first.configuration, {name: one.weights for name, one in read.items()})
    size = sum((folder / entry).stat().st_size for entry in names)
    return VerifiedModel(
        name=_named(quarantine, place, plans, first),
        checkpoints=checkpoints,
        trainer=first.trainer,
        configuration=first.configuration,
        mirroring_axes=first.mirroring_axes,
        labels=dict(dataset["labels"]),
        orientation=dataset.get("image_orientation"),
        size=size,
        facts=facts,
    )


def _named(quarantine: Path, place: str, plans: Mapping[str, Any], checkpoint: Checkpoint) -> ModelName:
    """Read a model's name or, where its folder has none, make it of what its files say and move it there."""
    dataset, own = place.split("/")
    if own != UNNAMED:
        own_name = ModelName.parse((dataset, own))
    else:
        parts = (checkpoint.trainer, plans.get("plans_name"), checkpoint.configuration)
        own_name = ModelName.parse((dataset, "__".join(map(str, parts))))
    if own_name is None:
        raise UnsafeModelError(
            f"{place}: its files do not say the name of its plans; name its folder TRAINER__PLANS__CONFIGURATION"
        )
    if own == UNNAMED:
        if (quarantine / own_name.folder).exists():
            raise UnsafeModelError(f"{own_name.folder}: stands twice; zip only one of them")
        (quarantine / place).rename(quarantine / own_name.folder)
    return own_name


def _facts(folder: Path, names: list[str], left_out: list[str]) -> ModelFacts | None:
    if MANIFEST in names:
        return check_manifest(read_json_object(folder / MANIFEST), folder, [*names, *left_out])
    if MODEL_CARD in names:  # which only we write, and never without the other
        raise UnsafeModelError(f"{MANIFEST} is missing, though this is no export of nnU-Net's own; fetch it again")
    return None
