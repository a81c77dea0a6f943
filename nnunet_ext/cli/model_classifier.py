"""`nnunet_ext model` for classifiers, which it knows by their content."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.classification.network.settings import parse_settings
from nnunet_ext.classification.taxonomy import parse_taxonomy
from nnunet_ext.cli.left_out import tell_left_out
from nnunet_ext.models.classifier.export import ClassifierExport, export_classifier
from nnunet_ext.models.classifier.install import install_classifier
from nnunet_ext.models.classifier.parsers import Parsers
from nnunet_ext.models.classifier.verify import VerifiedClassifier, verify_classifier


def _settings(content: Mapping[str, Any]) -> object:
    return parse_settings(content["settings"])


PARSERS: Final = Parsers(tree=parse_taxonomy, network=_settings)
"""What the checks of a classifier need of the package that makes them."""


@dataclass(frozen=True)
class ClassifierAnswer:
    """Do one of the three with a classifier, and say what was done; `json` answers in JSON."""

    json: bool

    def export(self, request: ClassifierExport) -> int:
        """Export, and say what stayed here."""
        exported = export_classifier(request, PARSERS)
        for kind, sentences in (("left out", exported.left_out), ("warning", exported.description.warnings)):
            for sentence in sentences:
                print(f"nnunet_ext model: {kind}: {sentence}", file=sys.stderr)
        if self.json:
            told = {"archive": str(request.archive), "classifier": exported.name}
            print(json.dumps({**told, "warnings": exported.description.warnings, "left_out": exported.left_out}))
        else:
            size = request.archive.stat().st_size / 1e6
            print(f"{request.archive}: classifier {exported.name}, {size:.1f} MB")
        return 0

    def take(self, archive: Path, results: Path, name: str, *, force: bool) -> int:
        """Verify and install."""
        verified = install_classifier(archive, results, PARSERS, name=name, force=force)
        self._tell(verified, f"installed in {results}")
        return 0

    def verify(self, archive: Path, name: str) -> int:
        """Verify, and install nothing."""
        self._tell(verify_classifier(archive, PARSERS, name), "passes every check")
        return 0

    def _tell(self, verified: VerifiedClassifier, what: str) -> None:
        if self.json:
            print(json.dumps({"classifiers": [_facts(verified)], "left_out": verified.extras}))
            return
        print(f"{verified.place}: {what}")
        for key, value in _facts(verified).items():
            if value:
                print(f"  {key}: {'; '.join(map(str, value)) if isinstance(value, list) else value}")
        tell_left_out(verified.extras)


def _facts(verified: VerifiedClassifier) -> dict[str, Any]:
    told = verified.description
    return {
        "classifier": verified.place.name,
        "manifest": "every file is as it says",
        "taxonomy": told.name,
        "diagnoses": [f"{name} ({told.patients.get(name, 0)} patients)" for name in told.tree.diagnoses],
        "evidences": list(told.evidences),
        "recommended": told.recommended,
        "folds": told.folds,
        "images": list(told.channels),
        "masks": told.masks,
        "segmentation": told.segmentation,
        "files": list(verified.files),
        "megabytes": round(verified.size / 1e6, 1),
        "warnings": list(told.warnings),
    }
