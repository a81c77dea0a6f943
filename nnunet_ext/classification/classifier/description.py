"""`classifier.json`: what a classifier tells apart, from what, how sure it may be, and what it was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.taxonomy import Taxonomy, parse_taxonomy
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.read_json import read_json_object

FILE: Final = "classifier.json"
FORMAT: Final = "nnunet_ext classifier"
VERSION: Final = 1
TRAINING: Final = "training"
"""Folder below the classifier's that names patients: it is never shared."""

_NEEDED: Final = "what nnunet_ext classify train writes was needed"
_CURE: Final = "train it again, or get it again"

OfNodes = Mapping[str, float]


@dataclass(frozen=True)
class Description:
    """What stands in the file.

    Parameters
    ----------
    taxonomy
        The tree.
    channels
        Contrasts, the first of them that of which the lesion masks are.
    columns
        Measures that are fed.
    evidences, recommended, reason
        What there are models of, which of them counts, and why.
    folds, seed
        Of the training.
    coverage
        In which share of patients a set is to hold the truth, where nothing else is asked for.
    temperatures, thresholds
        By evidence and node; a threshold is of the first of two branches, fixed on validation.
    usual
        What training patients' measures are like.
    trained
        On whom, with whose masks, by which versions.
    warnings
        To be repeated wherever it is used.
    """

    taxonomy: Taxonomy
    channels: tuple[str, ...]
    columns: tuple[str, ...]
    evidences: tuple[Evidence, ...]
    recommended: Evidence
    reason: str
    folds: int
    seed: int
    coverage: float
    temperatures: Mapping[Evidence, OfNodes]
    thresholds: Mapping[Evidence, OfNodes]
    usual: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    trained: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[str, ...] = ()

    def write(self, folder: Path, shared: list[Path]) -> None:
        """Write the file, with the digests of the others that are shared."""
        digests = {file.relative_to(folder).as_posix(): sha256(file) for file in sorted(shared)}
        content = {
            "format": FORMAT,
            "version": VERSION,
            "taxonomy": self.taxonomy.content(),
            "channels": list(self.channels),
            "columns": list(self.columns),
            "evidences": list(self.evidences),
            "recommended": str(self.recommended),
            "reason": self.reason,
            "folds": self.folds,
            "seed": self.seed,
            "coverage": self.coverage,
            "temperatures": {str(name): dict(of) for name, of in self.temperatures.items()},
            "thresholds": {str(name): dict(of) for name, of in self.thresholds.items()},
            "usual": dict(self.usual),
            "trained": dict(self.trained),
            "warnings": list(self.warnings),
            "files": digests,
        }
        write_json(folder / FILE, content)


def read_description(folder: Path) -> Description:
    """Read the file, and hold every other file that it lists against its digest.

    Raises
    ------
    FileRefusedError
        Where it is not there, or says something else.
    UnsafeModelError
        Where a file is not the one that it describes.
    """
    path = folder / FILE
    content = read_json_object(path, _NEEDED, _CURE)
    with refuse_malformed(path, _NEEDED, _CURE):
        if (content["format"], content["version"]) != (FORMAT, VERSION):
            raise ValueError(f"found {content['format']} {content['version']}")
        described = Description(
            taxonomy=parse_taxonomy(content["taxonomy"]),
            channels=tuple(map(str, content["channels"])),
            columns=tuple(map(str, content["columns"])),
            evidences=tuple(Evidence(name) for name in content["evidences"]),
            recommended=Evidence(content["recommended"]),
            reason=str(content["reason"]),
            folds=int(content["folds"]),
            seed=int(content["seed"]),
            coverage=float(content["coverage"]),
            temperatures=_by_evidence(content["temperatures"]),
            thresholds=_by_evidence(content["thresholds"]),
            usual=dict(content["usual"]),
            trained=dict(content["trained"]),
            warnings=tuple(map(str, content["warnings"])),
        )
        digests = {str(name): str(digest) for name, digest in content["files"].items()}
    _refuse_changed(folder, digests)
    return described


def _by_evidence(content: Mapping[str, Mapping[str, Any]]) -> dict[Evidence, dict[str, float]]:
    return {Evidence(name): {str(node): float(value) for node, value in of.items()} for name, of in content.items()}


def _refuse_changed(folder: Path, digests: Mapping[str, str]) -> None:
    for name, digest in digests.items():
        file = folder / name
        inside = file.resolve().is_relative_to(folder.resolve())
        if not inside or not file.is_file() or sha256(file) != digest:
            raise UnsafeModelError(f"{file}: is not the file that {FILE} describes; {_CURE}")
