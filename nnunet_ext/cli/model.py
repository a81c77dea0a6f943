"""`nnunet_ext model`: sharing trained models safely."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from nnunet_ext.cli.left_out import tell_left_out
from nnunet_ext.cli.model_classifier import ClassifierAnswer
from nnunet_ext.core.environment import EXTERNAL_TRAINERS, FOLDERS, folder_of, required_folder, trainer_folder
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.tables import TableRow, read_table
from nnunet_ext.models.classifier.card import ClassifierSources
from nnunet_ext.models.classifier.entries import CLASSIFIER, holds_classifier
from nnunet_ext.models.classifier.export import ClassifierExport
from nnunet_ext.models.default_card import read_card
from nnunet_ext.models.default_models import NAMES, find_default
from nnunet_ext.models.entry_names import CROP_METADATA
from nnunet_ext.models.export import ExportRequest, export_model
from nnunet_ext.models.install import install_model
from nnunet_ext.models.model_card import CardSources
from nnunet_ext.models.verify import VerifiedModel, VerifiedZip, verify_zip
from nnunet_ext.models.verify_default import verify_default

_EXAMPLES: Final = """\
examples (MODEL is Dataset501_CordLesion/nnUNetTrainerSCI__nnUNetPlans__3d_fullres, say):
  share it:           nnunet_ext model export $nnUNet_results/MODEL -o cord-lesion.zip --licence CC-BY-4.0
  two folds, figures: nnunet_ext model export $nnUNet_results/MODEL -o cord-lesion.zip -f 0 1 \\
                          --dataset $nnUNet_raw/Dataset501_CordLesion --evaluation scores
  look, do not trust: nnunet_ext model verify cord-lesion.zip
  one that came along: nnunet_ext model export cord -o cord.zip
  take it over:       nnunet_ext model import cord-lesion.zip
                      nnunet_ext predict -i scan.nii.gz -o predicted -m MODEL
  a classifier, too:  nnunet_ext model export classifiers/lesion-kinds -o lesion-kinds.zip --evaluation scores
                      nnunet_ext model import lesion-kinds.zip
The Spinal Cord Toolbox loads the zip, too: give sct_deepseg its address, with -install -custom-url.
exit: 0 done; 5 a model of that name stands; 6 the zip could run code, or write outside its folder: nothing was kept"""


@dataclass(frozen=True)
class ModelExport:
    """Write a model's zip.

    Parameters
    ----------
    request
        What is to be exported, without the figures of the card.
    dataset, evaluation
        Folders that those come from; None where they are not stated.
    licence, intended_use
        For the card; empty for the usual sentences.
    json
        Answer in JSON.
    """

    request: ExportRequest
    dataset: Path | None
    evaluation: Path | None
    licence: str
    intended_use: str
    json: bool

    def run(self) -> int:
        """Export, and say what stayed here."""
        if (self.request.model / CLASSIFIER).is_file():
            return self._classifier()
        sources = CardSources(
            cases=_table(self.dataset, "cases.tsv", "--dataset"),
            metrics=_table(self.evaluation, "summary.tsv", "--evaluation"),
            licence=self.licence,
            intended_use=self.intended_use,
        )
        margins = self.request.crop_metadata_file or _margins(self.dataset)
        model = _default(self.request.model) or self.request.model
        exported = export_model(
            replace(
                self.request,
                model=model,
                sources=sources,
                crop_metadata_file=margins,
                trainer_folders=_trainer_folders(),
            )
        )
        for kind, sentences in (("left out", exported.left_out), ("warning", exported.facts.warnings)):
            for sentence in sentences:
                print(f"nnunet_ext model: {kind}: {sentence}", file=sys.stderr)
        archive, name = self.request.archive, exported.name.folder
        if self.json:
            told = {"archive": str(archive), "model": str(name), "warnings": exported.facts.warnings}
            print(json.dumps({**told, "left_out": exported.left_out}))
        else:
            print(f"{archive}: {name}, folds {' '.join(exported.facts.folds)}, {archive.stat().st_size / 1e6:.1f} MB")
        return 0

    def _classifier(self) -> int:
        if self.request.folds or self.dataset or self.request.crop_metadata_file:
            raise UsageError("-f, --dataset and --crop-metadata are of segmentation models, and this is a classifier")
        figures = _table(self.evaluation, "figures.tsv", "--evaluation")
        sources = ClassifierSources(figures, self.licence, self.intended_use)
        request = ClassifierExport(self.request.model, self.request.archive, sources, self.request.force)
        return ClassifierAnswer(self.json).export(request)


@dataclass(frozen=True)
class ModelImport:
    """Install a zip below `nnUNet_results`; `force` replaces a model of the same name.

    `dataset` names the dataset's folder; empty for the name that it has in the zip.
    """

    archive: Path
    dataset: str
    force: bool
    json: bool

    def run(self) -> int:
        """Verify and install, and say what and where."""
        results = required_folder("nnUNet_results", os.environ)
        if holds_classifier(_existing(self.archive)):
            return ClassifierAnswer(self.json).take(self.archive, results, self.dataset, force=self.force)
        others = [folder for variable in FOLDERS if (folder := folder_of(variable, os.environ)) is not None]
        verified = install_model(
            _existing(self.archive), results, force=self.force, others=others, dataset=self.dataset
        )
        _tell(verified, self.json, f"installed in {results}")
        return 0


@dataclass(frozen=True)
class ModelVerify:
    """Check a zip as an import does, or a default model by its name, and install nothing."""

    archive: Path
    dataset: str
    json: bool

    def run(self) -> int:
        """Verify, and say what is in it."""
        folder = _default(self.archive)
        if folder is not None:
            _tell_default(folder, self.json)
        elif holds_classifier(_existing(self.archive)):
            return ClassifierAnswer(self.json).verify(self.archive, self.dataset)
        else:
            _tell(verify_zip(_existing(self.archive), self.dataset), self.json, "passes every check")
        return 0


def _default(asked: Path) -> Path | None:
    """Find a default model that is asked for by its name; None where something else is meant."""
    return find_default(str(asked), os.environ) if str(asked) in NAMES and not asked.exists() else None


def _tell_default(folder: Path, as_json: bool) -> None:
    model, card = verify_default(folder), read_card(folder)
    told = {
        "model": model.name,
        "files": [] if card is None else list(card.files),
        "trainer": model.trainer,
        "configuration": model.configuration,
        "labels": [f"{name} {values}" for name, values in model.dataset_json["labels"].items()],
        "warnings": [] if card is None else [card.warning],
    }
    if as_json:
        print(json.dumps({"models": [told], "left_out": []}))
        return
    print(f"{folder}: passes every check, and every file is as its card says")
    for key, value in told.items():
        print(f"  {key}: {'; '.join(value) if isinstance(value, list) else value}")


def _margins(dataset: Path | None) -> Path | None:
    beside_data = None if dataset is None else dataset / CROP_METADATA
    return beside_data if beside_data is not None and beside_data.is_file() else None


def _trainer_folders() -> tuple[Path, ...]:
    folders = os.environ.get(EXTERNAL_TRAINERS, "").split(os.pathsep)
    return (*(Path(folder) for folder in folders if folder.strip()), trainer_folder())


def _table(folder: Path | None, name: str, option: str) -> list[TableRow]:
    if folder is None:
        return []
    if not (folder / name).is_file():
        raise UsageError(f"{option} needs a folder with {name}, found none in {folder}")
    return read_table(folder / name)


def _existing(archive: Path) -> Path:
    if not archive.is_file():
        raise UsageError(f"a zip was needed, found none: {archive}")
    return archive


def _tell(verified: VerifiedZip, as_json: bool, what: str) -> None:
    if as_json:
        models = [_facts(model) for model in verified.models]
        print(json.dumps({"models": models, "left_out": [*verified.left_out, *verified.extras]}))
        return
    for model in verified.models:
        print(f"{model.name.folder}: {what}")
        for key, value in _facts(model).items():
            if value:
                print(f"  {key}: {'; '.join(map(str, value)) if isinstance(value, list) else value}")
    tell_left_out((*verified.left_out, *verified.extras))


def _facts(model: VerifiedModel) -> Mapping[str, Any]:
    facts = model.facts
    return {
        "model": str(model.name.folder),
        "manifest": "every file is as it says" if facts else "none: an export of nnU-Net's own, origin unknown",
        "trainer": model.trainer,
        "trained with": facts.original_trainer if facts else "",
        "configuration": model.configuration,
        "checkpoints": list(model.checkpoints),
        "labels": [f"{name} {values}" for name, values in model.labels.items()],
        "orientation": model.orientation or "",
        "megabytes": round(model.size / 1e6, 1),
        "warnings": list(facts.warnings) if facts else [],
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.epilog = _EXAMPLES
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    export = actions.add_parser("export", help="write a zip that stock nnU-Net and the Spinal Cord Toolbox load")
    export.add_argument(
        "model",
        type=Path,
        metavar="MODEL",
        help="nnUNet_results/DatasetXXX_NAME/TRAINER__PLANS__CONFIG, the folder of a classifier, or the name of one "
        "that comes with nnunet_ext",
    )
    export.add_argument("-o", dest="archive", type=Path, required=True, metavar="FILE.zip", help="the zip to write")
    export.add_argument(
        "-f", dest="folds", nargs="+", default=[], metavar="FOLD", help="folds (default: all there are)"
    )
    export.add_argument(
        "--dataset", type=Path, metavar="DIR", help="raw dataset, for the counts on the model card (default: none)"
    )
    export.add_argument(
        "--evaluation", type=Path, metavar="DIR", help="evaluation, for the metrics on the model card (default: none)"
    )
    export.add_argument(
        "--crop-metadata",
        type=Path,
        metavar="FILE",
        help="margins of a model for cropped images (default: those in its folder)",
    )
    export.add_argument(
        "--licence", default="", metavar="TEXT", help="for the model card, for instance CC-BY-4.0 (default: not stated)"
    )
    export.add_argument("--intended-use", default="", metavar="TEXT", help="for the model card (default: the usual)")
    export.add_argument("--force", action="store_true", help="overwrite the zip")
    take = actions.add_parser("import", help="verify a zip and install it below nnUNet_results")
    take.add_argument("archive", type=Path, metavar="FILE.zip", help="from export, or nnU-Net's own export")
    take.add_argument("--force", action="store_true", help="replace a model of the same name that was not trained here")
    verify = actions.add_parser("verify", help="make every check of import, and install nothing")
    verify.add_argument(
        "archive",
        type=Path,
        metavar="FILE.zip",
        help="from export, or nnU-Net's own export; or the name of a model that comes with nnunet_ext",
    )
    for action in (take, verify):
        action.add_argument(
            "--as", dest="dataset", default="", metavar="NAME",
            help="name of the dataset's folder, DatasetXXX_NAME, or of the classifier, where the zip has none, or in "
            "its place (default: as in the zip)",
        )  # fmt: skip
    for action in (export, take, verify):
        action.epilog = _EXAMPLES
        action.add_argument("--json", action="store_true", help="answer in JSON")


def from_options(options: argparse.Namespace) -> ModelExport | ModelImport | ModelVerify:
    """Take the parsed arguments."""
    if options.action == "import":
        return ModelImport(options.archive, options.dataset, options.force, options.json)
    if options.action == "verify":
        return ModelVerify(options.archive, options.dataset, options.json)
    request = ExportRequest(
        model=options.model,
        archive=options.archive,
        folds=tuple(options.folds),
        crop_metadata_file=options.crop_metadata,
        force=options.force,
    )
    return ModelExport(
        request, options.dataset, options.evaluation, options.licence, options.intended_use, options.json
    )
