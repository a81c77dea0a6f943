"""Verifying a classifier's zip, in a folder that is nowhere near its place."""

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from nnunet_ext.core.errors import DataRefusedError, UnsafeModelError
from nnunet_ext.core.leftovers import scratch_folder
from nnunet_ext.core.zip_entries import Limits
from nnunet_ext.models.classifier.check_folder import check_folder
from nnunet_ext.models.classifier.description import Description
from nnunet_ext.models.classifier.entries import CLASSIFIER, classifier_rules
from nnunet_ext.models.classifier.parsers import Parsers
from nnunet_ext.models.entry_names import MANIFEST, MODEL_CARD
from nnunet_ext.models.json_files import read_json_object
from nnunet_ext.models.manifest import check_files
from nnunet_ext.models.unpack import unpack_by

SCHEMA: Final = "nnunet_ext/classifier"
"""Of the manifest."""

_ASK: Final = "ask its authors for the zip that `nnunet_ext model export` writes"
_MIB: Final = 1 << 20
_SCRATCH: Final = "nnunet_ext-verify-"
_LIMITS: Final = Limits(entries=5000, file_bytes=1024 * _MIB, text_bytes=64 * _MIB, total_bytes=4096 * _MIB)


@dataclass(frozen=True)
class VerifiedClassifier:
    """A classifier that passed.

    Parameters
    ----------
    place
        Its folder below `nnUNet_results`, `classifiers/NAME`.
    description
        What its `classifier.json` says.
    files
        Names of its files, seen from its folder.
    size
        Of them, in bytes.
    extras
        Harmless things beside it that were not taken.
    """

    place: PurePosixPath
    description: Description
    files: tuple[str, ...]
    size: int
    extras: tuple[str, ...]


def verify_classifier(archive: Path, parsers: Parsers, name: str = "") -> VerifiedClassifier:
    """Verify a zip and install nothing; raises what `unpack_classifier` does."""
    with scratch_folder(Path(tempfile.gettempdir()), _SCRATCH) as scratch:
        return unpack_classifier(archive, scratch, parsers, name)


def unpack_classifier(archive: Path, quarantine: Path, parsers: Parsers, name: str = "") -> VerifiedClassifier:
    """Unpack a zip into a folder for nothing else, and check everything in it.

    Parameters
    ----------
    name
        That the classifier's folder is to have; empty for the one that it has in the zip.

    Raises
    ------
    FileRefusedError
        Where it is no zip, or a damaged one.
    UnsafeModelError
        Where it holds anything that could run code or lead out of its folder, or is not what it says of itself. What
        was unpacked must then not be used.
    UsageError
        Where `name` is no name of a folder.
    """
    unpacked = unpack_by(archive, quarantine, lambda entries: classifier_rules(entries, name), _LIMITS)
    try:
        place = PurePosixPath(*PurePosixPath(unpacked.installed[0]).parts[:2])
        folder, files = quarantine / place, tuple(entry.removeprefix(f"{place}/") for entry in unpacked.installed)
        if MANIFEST not in files:
            raise UnsafeModelError(f"{MANIFEST} is missing, which says what the rest is")
        check_files(read_json_object(folder / MANIFEST, finite=True), folder, files, SCHEMA)
        described = check_folder(folder, parsers)
        if more := sorted(set(files) - set(described.files) - {CLASSIFIER, MANIFEST, MODEL_CARD}):
            raise UnsafeModelError(f"{more[0]}: is not in {CLASSIFIER}'s files")
    except (UnsafeModelError, DataRefusedError) as error:
        raise UnsafeModelError(f"{archive}: {error}; {_ASK}") from error
    return VerifiedClassifier(
        place, described, files, sum((folder / file).stat().st_size for file in files), unpacked.extras
    )
