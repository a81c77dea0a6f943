"""`manifest.json`: what a shared model consists of, to the byte, and what made it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.models.entry_names import MANIFEST

SCHEMA: Final = "nnunet_ext/model"
SCHEMA_VERSION: Final = 1
_MADE_WITH: Final = ("nnunet_ext", "nnunetv2", "torch")


@dataclass(frozen=True)
class ModelFacts:
    """What the manifest tells of a model beside its files.

    Parameters
    ----------
    original_trainer
        The one that trained it, where the model bears another's name.
    folds
        For each fold, which of its checkpoints this is.
    warnings
        What a user should know before relying on it.
    """

    original_trainer: str
    folds: dict[str, str]
    warnings: tuple[str, ...]


def manifest_content(folder: Path, facts: Mapping[str, Any], schema: str = SCHEMA) -> dict[str, Any]:
    """Describe every file below `folder`, the manifest itself left out; `facts` is told beside."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {
        "schema": schema,
        "schema_version": SCHEMA_VERSION,
        "made_with": {name: version(name) for name in _MADE_WITH},
        **facts,
        "files": {
            path.relative_to(folder).as_posix(): {"sha256": sha256(path), "size": path.stat().st_size} for path in paths
        },
    }


def changed_files(content: Mapping[str, Any], hashes: Mapping[str, str]) -> list[str]:
    """Name the files, of those with these SHA-256, that are not as the manifest has them; those that it has not, too.

    An export of a newer version, or one that is none, describes nothing: then all are named.
    """
    files = content.get("files")
    told = files if isinstance(files, Mapping) and content.get("schema") == SCHEMA else {}
    described = {name: entry.get("sha256") for name, entry in told.items() if isinstance(entry, Mapping)}
    return [name for name, found in hashes.items() if described.get(name) != found]


def check_manifest(content: Mapping[str, Any], folder: Path, names: Iterable[str]) -> ModelFacts:
    """Hold unpacked files, all that the zip holds for this model, against their manifest; see `check_files`."""
    check_files(content, folder, names)
    trainer, folds, warnings = (content.get(key) for key in ("original_trainer", "folds", "warnings"))
    if not isinstance(trainer, str) or not isinstance(folds, dict) or not isinstance(warnings, list):
        raise UnsafeModelError(f"{MANIFEST}: original_trainer, folds and warnings were needed")
    texts = {str(fold): str(checkpoint) for fold, checkpoint in folds.items()}
    return ModelFacts(trainer, texts, tuple(str(warning) for warning in warnings))


def check_files(content: Mapping[str, Any], folder: Path, names: Iterable[str], schema: str = SCHEMA) -> None:
    """Hold files against what a manifest says of them.

    Parameters
    ----------
    names
        All that there are in the folder.
    schema
        The kind of manifest that is needed.

    Raises
    ------
    UnsafeModelError
        Where a file is missing, additional or different, or the manifest is of another kind or version.
    """
    if (content.get("schema"), content.get("schema_version")) != (schema, SCHEMA_VERSION):
        raise UnsafeModelError(
            f"{MANIFEST}: {schema} of version {SCHEMA_VERSION} was needed, found {content.get('schema')!r:.60} of "
            f"version {content.get('schema_version')!r:.20}; a newer nnunet_ext may read it"
        )
    files = content.get("files")
    if not isinstance(files, Mapping) or set(files) != set(names) - {MANIFEST}:
        raise UnsafeModelError(f"{MANIFEST}: lists other files than there are; fetch the model again")
    for name, expected in files.items():
        path = folder / name
        if expected != {"sha256": sha256(path), "size": path.stat().st_size}:
            raise UnsafeModelError(f"{name}: is not the file that {MANIFEST} describes; fetch the model again")
