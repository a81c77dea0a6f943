"""Exporting a trained model as a zip that stock nnU-Net installs and the Spinal Cord Toolbox loads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.atomic import write_bytes, write_json, write_text
from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.model_name import STOCK_TRAINER, ModelName
from nnunet_ext.core.read_checkpoint import read_checkpoint
from nnunet_ext.models.check_plans import check_plans
from nnunet_ext.models.default_card import read_card
from nnunet_ext.models.entry_names import (
    CROP_METADATA,
    DATASET_JSON,
    FINAL,
    MANIFEST,
    MODEL_CARD,
    PLANS,
    POSTPROCESSING,
    folds_of,
)
from nnunet_ext.models.json_files import FACES, crop_metadata, read_json_object
from nnunet_ext.models.load import load_model
from nnunet_ext.models.manifest import ModelFacts, manifest_content
from nnunet_ext.models.model_card import CardSources, boxed, model_card
from nnunet_ext.models.postprocessing_file import find_postprocessing, postprocessing_bytes, read_postprocessing
from nnunet_ext.models.shareable import refuse_private, shareable_dataset_json, shareable_plans
from nnunet_ext.models.verify import verify_zip
from nnunet_ext.models.write_archive import write_archive
from nnunet_ext.models.write_checkpoint import write_checkpoint

_BEST: Final = "checkpoint_best.pth"


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported.

    Parameters
    ----------
    model
        nnU-Net's folder of the trained model, `nnUNet_results/DatasetXXX_NAME/TRAINER__PLANS__CONFIGURATION`, or that
        of a default model.
    archive
        The zip to write.
    folds
        Which ones, such as ``("0", "1")``; empty for all there are.
    crop_metadata_file
        Of a model for cropped images; that in the model's folder where None.
    trainer_folders
        Where to look for the model's trainer, beside nnU-Net itself.
    """

    model: Path
    archive: Path
    folds: tuple[str, ...] = ()
    crop_metadata_file: Path | None = None
    trainer_folders: tuple[Path, ...] = ()
    sources: CardSources = field(default_factory=CardSources)
    force: bool = False


@dataclass(frozen=True)
class Exported:
    """What was exported: the name in the zip, what its manifest tells, and the keys that stayed here."""

    name: ModelName
    facts: ModelFacts
    left_out: tuple[str, ...]


def export_model(request: ExportRequest) -> Exported:
    """Write the zip, once it has passed every check that an import makes. Equal models give equal bytes.

    What killed exports left unfinished in the same folder is deleted first.

    Raises
    ------
    UsageError
        Where the folder is no model's, or lacks a fold.
    ConflictError
        Where `archive` exists already, and is not the very zip that would be written.
    DataRefusedError
        Where something would tell a patient or a path, or weights are not finite.
    UnsafeModelError
        Where the model names what `verify_zip` refuses.
    """
    name = _name(request.model)
    return write_archive(request.archive, lambda staged: _stage(request, name, staged), verify_zip, force=request.force)


def _name(model: Path) -> ModelName:
    """Read a model's name from its folder or, of a default model, from its files."""
    if read_card(model) is None:
        return ModelName.of_folder(model)
    loaded = load_model(model)
    parts = (loaded.trainer, loaded.plans.get("plans_name"), loaded.configuration)
    name = ModelName.parse((str(loaded.plans.get("dataset_name")), "__".join(map(str, parts))))
    if name is None:
        raise UsageError(f"{model}: plans.json needs dataset_name, DatasetXXX_NAME, and plans_name for the zip's name")
    return name


def _stage(request: ExportRequest, name: ModelName, staging: Path) -> Exported:
    checkpoints = {fold: request.model / f"fold_{fold}" for fold in _folds(request.model, request.folds)}
    files = {fold: _checkpoint_file(folder) for fold, folder in checkpoints.items()}
    trainer = read_checkpoint(next(iter(files.values()))).trainer
    shared, warnings = _shared_as(name, trainer, request.trainer_folders)
    folder = staging / shared.folder
    for fold, file in files.items():
        checkpoint = read_checkpoint(file)
        if checkpoint.configuration != name.configuration:
            raise DataRefusedError(f"{file}: of the configuration {checkpoint.configuration}, found in {name.folder}")
        write_checkpoint(folder / f"fold_{fold}" / FINAL, replace(checkpoint, trainer=shared.trainer))
        if file.name != FINAL:
            warnings.append(
                f"Fold {fold} was not trained to its end: its best checkpoint so far stands under the name {FINAL}, "
                f"where nnU-Net and SCT look for it."
            )
    postprocessing = find_postprocessing(request.model, list(files))
    if postprocessing is not None:
        write_bytes(folder / POSTPROCESSING, postprocessing_bytes(read_postprocessing(postprocessing)))
    dataset, left_out = _write_json_files(request, folder)
    if "image_orientation" not in dataset:
        warnings.append("dataset.json has no image_orientation: SCT guesses the orientation from the dataset's name.")
    if margins := boxed(dataset):
        warnings.append(
            f"Trained on boxes around the cord ({margins} mm beyond it): predict with nnunet_ext predict --localizer, "
            f"as nnUNetv2_predict and most tasks of SCT segment the whole image."
        )
    card = read_card(request.model)
    if card is not None:
        warnings.append(card.warning)
    facts = ModelFacts(trainer, {fold: file.name for fold, file in files.items()}, tuple(warnings))
    write_text(folder / MODEL_CARD, model_card(shared, facts, dataset, request.sources))
    write_json(folder / MANIFEST, manifest_content(folder, asdict(facts)))
    for text in (PLANS, DATASET_JSON, MODEL_CARD, MANIFEST):
        refuse_private(text, (folder / text).read_text(encoding="utf-8"))
    return Exported(shared, facts, left_out)


def _write_json_files(request: ExportRequest, folder: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    plans = read_json_object(request.model / PLANS)
    check_plans(plans)
    dataset = read_json_object(request.model / DATASET_JSON)
    Labelling.of_model(dataset)  # what the card tells of it
    margins = _margins(request, dataset)
    if margins:
        crop = {face: margins[f"pad_{face}"] for face in FACES}
        known = dataset.get("crop")
        known = known if isinstance(known, Mapping) else {}
        dataset = {**dataset, "crop": {**known, "margins_mm": crop}}  # which predict looks at
        write_json(folder / CROP_METADATA, margins)
        write_json(folder.parent / CROP_METADATA, margins)  # SCT looks beside the model's folder
    for_others = {PLANS: shareable_plans(plans), DATASET_JSON: shareable_dataset_json(dataset)}
    for file, shareable in for_others.items():
        # nnU-Net writes, and reads, NaN where a dataset has no foreground; `write_json` would refuse it.
        write_text(folder / file, json.dumps(shareable.content, indent=4, ensure_ascii=False) + "\n")
    left_out = tuple(f"{file}: {key}" for file, shareable in for_others.items() for key in shareable.left_out)
    return for_others[DATASET_JSON].content, left_out


def _margins(request: ExportRequest, dataset: Mapping[str, Any]) -> dict[str, float]:
    """Find the crop's margins: those that were asked for, those beside the model, or those of its dataset."""
    file = request.crop_metadata_file or request.model / CROP_METADATA
    if file.is_file():
        return crop_metadata(read_json_object(file))
    if request.crop_metadata_file is not None:
        raise UsageError(f"--crop-metadata needs a file, found none: {file}")
    crop = dataset.get("crop", {})
    of_dataset = crop.get("margins_mm") if isinstance(crop, Mapping) else None
    if not isinstance(of_dataset, Mapping):
        return {}
    return crop_metadata({f"pad_{face}": mm for face, mm in of_dataset.items()}) if of_dataset else {}


def _folds(model: Path, asked_for: Sequence[str]) -> list[str]:
    found = folds_of(model)
    numbered = [fold for fold in found if fold != "all"]
    chosen = list(asked_for) or numbered or found  # SCT cannot load numbered folds and `all` together
    if not chosen or not set(chosen) <= set(found):
        raise UsageError(
            f"{model}: has the folds {', '.join(found) or 'none'}; asked for {', '.join(asked_for) or 'all'}"
        )
    return sorted(set(chosen))


def _checkpoint_file(fold: Path) -> Path:
    for name in (FINAL, _BEST):
        if (fold / name).is_file():
            return fold / name
    raise UsageError(f"{fold}: has neither {FINAL} nor {_BEST}; train it, or name other folds with -f")


def builds_stock_network(trainer: str, folders: Sequence[Path]) -> bool | None:
    """Look a trainer up and compare how it builds its network; prediction takes nothing else from a trainer.

    nnU-Net sanctions the new name in this case (its documentation, how-to/share-models-with-custom-trainers).

    Parameters
    ----------
    folders
        Of trainers outside nnU-Net, such as `nnUNet_extTrainer` lists them.

    Returns
    -------
    bool or None
        None where the trainer was not found: then nobody can tell.
    """
    if trainer == STOCK_TRAINER:
        return True
    found = _find(trainer, folders)
    if found is None:
        return None
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer  # noqa: PLC0415 - seconds of import

    return getattr(found, "build_network_architecture", None) is nnUNetTrainer.build_network_architecture


def _find(trainer: str, folders: Sequence[Path]) -> type | None:
    import nnunetv2  # noqa: PLC0415 - seconds of import that asking for help must not cost
    from nnunetv2.utilities.find_class_by_name import recursive_find_python_class  # noqa: PLC0415 - the same

    for folder in folders:
        if folder.is_dir():
            found = recursive_find_python_class(str(folder), trainer, None, cleanup_imports_from_base_folder=True)
            if found is not None:
                return found if isinstance(found, type) else None
    own = Path(nnunetv2.__path__[0])
    try:
        found = recursive_find_python_class(
            str(own / "training" / "nnUNetTrainer"), trainer, "nnunetv2.training.nnUNetTrainer", str(own)
        )
    except ImportError:  # without torchvision one of nnU-Net's own trainers cannot be imported
        return None
    return found if isinstance(found, type) else None


def _shared_as(name: ModelName, trainer: str, folders: Sequence[Path]) -> tuple[ModelName, list[str]]:
    """Share the model as nnU-Net's own where the network is nnU-Net's own: then nobody needs our trainers to use it."""
    stock = builds_stock_network(trainer, folders)
    if stock:
        return name.with_trainer(STOCK_TRAINER), []
    why = "it was not found here, and may build" if stock is None else "it builds"
    return name.with_trainer(trainer), [f"Needs the trainer {trainer}: {why} a network other than nnU-Net's own."]
