"""Every check of a classifier's folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.provenance import sha256
from nnunet_ext.core.skops_file.check_boosting import check_boosting
from nnunet_ext.models.classifier.check_numbers import check_calibration, check_models, check_settings
from nnunet_ext.models.classifier.check_tensors import check_tensors
from nnunet_ext.models.classifier.densenet_shapes import densenet_of
from nnunet_ext.models.classifier.description import Description, check_description
from nnunet_ext.models.classifier.entries import (
    BOTH,
    CALIBRATION,
    CLASSIFIER,
    LOGISTIC,
    NETWORK,
    TENSORS,
    node_of,
)
from nnunet_ext.models.classifier.parsers import Parsers
from nnunet_ext.models.json_files import read_json_object

_OF_FOLD: Final = {"logistic": (LOGISTIC,), "network": (NETWORK, TENSORS)}


def check_folder(folder: Path, parsers: Parsers) -> Description:
    """Check a classifier's folder as if a stranger had sent it: what stands in `files`, and nothing else in it.

    Raises
    ------
    UnsafeModelError
        Where a file is missing or not what its digest says, could run code, or says what no classifier says.
    """
    if not (folder / CLASSIFIER).is_file():
        raise UnsafeModelError(f"{CLASSIFIER} was needed, and is missing")
    described = check_description(read_json_object(folder / CLASSIFIER, finite=True), parsers.tree)
    for name, digest in described.files.items():
        if not (folder / name).is_file() or (folder / name).is_symlink():
            raise UnsafeModelError(f"{name}: stands in {CLASSIFIER}, and is missing")
        if sha256(folder / name) != digest:
            raise UnsafeModelError(f"{name}: is not the file that {CLASSIFIER} describes; fetch the classifier again")
    _check_complete(described)
    for name in sorted(described.files):
        try:
            _check_file(folder, name, described, parsers)
        except UnsafeModelError as error:
            raise UnsafeModelError(_placed(name, str(error))) from error
    return described


def _check_complete(described: Description) -> None:
    """Refuse files of evidences or folds that it has not, and miss those that it must have."""
    nodes, needed = described.tree.decisions, set[str]()
    for fold in range(described.folds):
        for evidence in described.evidences:
            files = tuple(f"boosting-{node}.skops" for node in nodes) if evidence == "boosting" else ()
            needed |= {f"fold_{fold}/{name}" for name in (*files, *_OF_FOLD.get(evidence, ()))}
    needed |= {BOTH} if "both" in described.evidences else set()
    found = set(described.files) - {CALIBRATION}
    if missing := sorted(needed - found):
        raise UnsafeModelError(f"{CLASSIFIER}: files: {', '.join(missing)[:300]} was needed, and is missing")
    if more := sorted(found - needed):
        raise UnsafeModelError(f"{CLASSIFIER}: files: {', '.join(more)[:300]} is of no fold or evidence that it has")


def _check_file(folder: Path, name: str, described: Description, parsers: Parsers) -> None:
    path = folder / name
    if path.suffix == ".json":
        _check_json(name, read_json_object(path, finite=True), described, parsers)
    elif path.suffix == ".skops":
        boosting, node = check_boosting(path), str(node_of(name))
        if boosting.branches != described.tree.branches(node):
            raise UnsafeModelError(f"{path.name}: other branches than the tree's: {', '.join(boosting.branches):.200}")
        if not set(boosting.columns) <= set(described.columns):
            raise UnsafeModelError(f"{path.name}: measures that are not fed: {', '.join(boosting.columns):.200}")
    else:
        network = read_json_object(path.with_name(NETWORK), finite=True)
        check_tensors(path, densenet_of(network, NETWORK).shapes())


def _check_json(name: str, content: Mapping[str, Any], described: Description, parsers: Parsers) -> None:
    kind = name.rpartition("/")[2]
    if kind == CALIBRATION:
        check_calibration(kind, content, described)
    elif kind == NETWORK:
        check_settings(kind, content, parsers.network)
        for key, needed in (("channels", described.channels), ("diagnoses", described.tree.diagnoses)):
            if content.get(key) != list(needed):
                raise UnsafeModelError(f"{kind}: {key}: {list(needed)} was needed, found {content.get(key)!r:.200}")
    else:
        check_models(kind, content, described, parsers.stack if kind == BOTH else parsers.logistic)


def _placed(name: str, said: str) -> str:
    """Give a message that begins with the file's name in its folder: `fold_0/logistic.json: ...`."""
    folder, _, file = name.rpartition("/")
    return (
        f"{folder}/{said}" if folder and said.startswith(file) else said if said.startswith(name) else f"{name}: {said}"
    )
