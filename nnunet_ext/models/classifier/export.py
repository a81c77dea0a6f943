"""Exporting a trained classifier as a zip that names no patient and runs no code."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nnunet_ext.core.atomic import write_json, write_text
from nnunet_ext.core.errors import DataRefusedError, UnsafeModelError, UsageError
from nnunet_ext.core.skops_file.check_boosting import check_boosting
from nnunet_ext.core.tables import read_table
from nnunet_ext.models.classifier.card import ClassifierSources, classifier_card
from nnunet_ext.models.classifier.check_folder import check_folder
from nnunet_ext.models.classifier.description import Description
from nnunet_ext.models.classifier.entries import CLASSIFIER, TRAINING, is_classifier_name
from nnunet_ext.models.classifier.parsers import Parsers
from nnunet_ext.models.classifier.verify import SCHEMA, verify_classifier
from nnunet_ext.models.entry_names import MANIFEST, MODEL_CARD
from nnunet_ext.models.json_files import read_json_object
from nnunet_ext.models.manifest import manifest_content
from nnunet_ext.models.shareable import refuse_private
from nnunet_ext.models.write_archive import write_archive

_PATIENTS: Final = "patients.tsv"
_NAMES: Final = ("person", "subjects", "cases")
_SHORTEST: Final = 4


@dataclass(frozen=True)
class ClassifierExport:
    """What is to be exported: a classifier's folder, and the zip to write."""

    folder: Path
    archive: Path
    sources: ClassifierSources = field(default_factory=ClassifierSources)
    force: bool = False


@dataclass(frozen=True)
class ExportedClassifier:
    """What was exported: its name, what it says of itself, and what stayed here."""

    name: str
    description: Description
    left_out: tuple[str, ...]


def export_classifier(request: ClassifierExport, parsers: Parsers) -> ExportedClassifier:
    """Write the zip, once it has passed every check that an import makes. Equal classifiers give equal bytes.

    Raises
    ------
    UsageError
        Where the folder is no classifier's, or has a name that no zip takes.
    ConflictError
        Where `archive` exists already, and is not the very zip that would be written.
    DataRefusedError
        Where something would tell a patient or a path.
    UnsafeModelError
        Where the classifier is not what its `classifier.json` says, or holds what an import refuses.
    """
    folder, name = request.folder, request.folder.resolve().name
    if not (folder / CLASSIFIER).is_file():
        raise UsageError(f"{folder}: the folder of a classifier was needed, and it has no {CLASSIFIER}")
    if not is_classifier_name(name):
        raise UsageError(f"{folder}: its name becomes the classifier's; rename it, in letters, digits and - _ .")
    try:
        described = check_folder(folder, parsers)
    except UnsafeModelError as error:
        raise UnsafeModelError(f"{folder}: {error}; train it again") from error
    return write_archive(
        request.archive,
        lambda staged: _stage(request, name, described, staged / name),
        lambda written: verify_classifier(written, parsers),
        force=request.force,
    )


def _stage(request: ClassifierExport, name: str, described: Description, staged: Path) -> ExportedClassifier:
    shared = (CLASSIFIER, *described.files)
    for file in shared:
        (staged / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(request.folder / file, staged / file)
    write_text(staged / MODEL_CARD, classifier_card(name, described, request.sources))
    write_json(staged / MANIFEST, manifest_content(staged, {"warnings": list(described.warnings)}, SCHEMA))
    patients = _patients(request.folder / TRAINING / _PATIENTS)
    for where, text in _texts(staged):
        refuse_private(where, text)
        _refuse_patients(where, text, patients)
    here = sorted({path.relative_to(request.folder).parts[0] for path in _others(request.folder, shared)})
    return ExportedClassifier(name, described, tuple(here))


def _others(folder: Path, shared: tuple[str, ...]) -> Iterator[Path]:
    kept = {folder / file for file in shared}
    return (path for path in folder.rglob("*") if not path.is_dir() and path not in kept)


def _texts(staged: Path) -> Iterator[tuple[str, str]]:
    """Give every text that leaves, with its place; weights have none, as the checks let none in."""
    for path in sorted(staged.rglob("*"), key=lambda path: (path.suffix == ".md", path)):  # first where it comes from
        where = path.relative_to(staged).as_posix()
        if path.suffix == ".json":  # as a reader sees it, whatever is written with \\u
            yield where, json.dumps(read_json_object(path), ensure_ascii=False)
        elif path.suffix == ".md":
            yield where, path.read_text(encoding="utf-8")
        elif path.suffix == ".skops":
            yield where, check_boosting(path).schema


def _patients(table: Path) -> frozenset[str]:
    """Name those that it was trained on, as far as their names are long enough to be told from other words."""
    if not table.is_file():
        return frozenset()
    cells = [row.get(column, "") for row in read_table(table) for column in _NAMES]
    names = {part.rpartition("/")[2].casefold() for cell in cells for part in re.split(r"[;\s]+", cell)}
    return frozenset(name for name in names if len(name) >= _SHORTEST)


def _refuse_patients(where: str, text: str, patients: frozenset[str]) -> None:
    if found := sorted(patients.intersection(re.findall(r"[\w+-]+", text.casefold()))):
        raise DataRefusedError(
            f"{where} would tell a patient of {TRAINING}/{_PATIENTS}: {found[0]!r}; nothing was exported. Take it out "
            f"where it comes from"
        )
