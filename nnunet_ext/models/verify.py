"""Every check that a shared model must pass before it may stand among one's own."""

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from nnunet_ext.core.errors import DataRefusedError, UnsafeModelError
from nnunet_ext.core.leftovers import scratch_folder
from nnunet_ext.core.model_name import ModelName
from nnunet_ext.core.read_checkpoint import read_checkpoint
from nnunet_ext.models.check_plans import check_plans
from nnunet_ext.models.entry_names import CROP_METADATA, DATASET_JSON, MANIFEST, MODEL_CARD, PLANS
from nnunet_ext.models.json_files import check_dataset_json, crop_metadata, read_json_object
from nnunet_ext.models.load import same_network
from nnunet_ext.models.manifest import ModelFacts, check_manifest
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
    """The models of a zip, and the entries that were known and not taken."""

    models: tuple[VerifiedModel, ...]
    left_out: tuple[str, ...]


def verify_zip(archive: Path) -> VerifiedZip:
    """Verify a zip and install nothing.

    Raises
    ------
    FileRefusedError, UnsafeModelError
        See `unpack_verified`.
    """
    with scratch_folder(Path(tempfile.gettempdir()), _SCRATCH) as scratch:
        return unpack_verified(archive, scratch)


def unpack_verified(archive: Path, quarantine: Path) -> VerifiedZip:
    """Unpack a zip into a folder for nothing else, and check everything in it.

    Raises
    ------
    FileRefusedError
        Where it is no zip, or a damaged one.
    UnsafeModelError
        Where it holds anything that could run code or lead out of its folder, or is not what its manifest says. What
        was unpacked must then not be used.
    """
    unpacked = unpack(archive, quarantine)
    folders = sorted({"/".join(PurePosixPath(entry).parts[:2]) for entry in unpacked.installed})
    if not folders:
        raise UnsafeModelError(f"{archive}: holds no model")
    try:
        models = tuple(_verify_model(quarantine, folder, unpacked) for folder in folders)
    except (UnsafeModelError, DataRefusedError) as error:
        raise UnsafeModelError(f"{archive}: {error}") from error
    return VerifiedZip(models, unpacked.left_out)


def _verify_model(quarantine: Path, place: str, unpacked: Unpacked) -> VerifiedModel:
    folder, name = quarantine / place, ModelName.parse(place.split("/"))
    names, left_out = (
        [entry.removeprefix(f"{place}/") for entry in entries if entry.startswith(f"{place}/")]
        for entries in (unpacked.installed, unpacked.left_out)
    )
    missing = [needed for needed in (PLANS, DATASET_JSON) if needed not in names]
    checkpoints = tuple(entry for entry in names if entry.endswith(".pth"))
    if name is None or missing or not checkpoints:
        raise UnsafeModelError(f"{place}: {', '.join(missing) or 'a checkpoint'} was needed and is missing")
    facts = _facts(folder, names, left_out)
    for text in (entry for entry in names if entry.endswith(".json")):
        read_json_object(folder / text)
    plans, dataset = read_json_object(folder / PLANS), read_json_object(folder / DATASET_JSON)
    check_plans(plans)
    check_dataset_json(dataset)
    if CROP_METADATA in names:
        crop_metadata(read_json_object(folder / CROP_METADATA))
    first = same_network([read_checkpoint(folder / entry) for entry in checkpoints], plans)
    return VerifiedModel(
        name=name,
        checkpoints=checkpoints,
        trainer=first.trainer,
        configuration=first.configuration,
        mirroring_axes=first.mirroring_axes,
        labels=dict(dataset["labels"]),
        orientation=dataset.get("image_orientation"),
        size=sum((folder / entry).stat().st_size for entry in names),
        facts=facts,
    )


def _facts(folder: Path, names: list[str], left_out: list[str]) -> ModelFacts | None:
    if MANIFEST in names:
        return check_manifest(read_json_object(folder / MANIFEST), folder, [*names, *left_out])
    if MODEL_CARD in names:  # which only we write, and never without the other
        raise UnsafeModelError(f"{MANIFEST} is missing, though this is no export of nnU-Net's own; fetch it again")
    return None
