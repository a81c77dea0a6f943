"""`classifier.json`: what a classifier says of itself, held against the format."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.models.classifier.entries import CLASSIFIER, fold_of, is_part
from nnunet_ext.models.classifier.parsers import Parsers, Tree

FORMAT: Final = "nnunet_ext classifier"
VERSION: Final = 1
EVIDENCES: Final = ("logistic", "boosting", "network", "both")

_KEYS: Final = frozenset(
    {
        "format", "version", "taxonomy", "channels", "columns", "evidences", "recommended", "folds", "seed", "coverage",
        "reason", "temperatures", "thresholds", "usual", "trained", "warnings", "files",
    }
)  # fmt: skip
_TRAINED: Final = frozenset({"patients", "sites", "masks", "segmentation", "lesion_channel", "versions", "seconds"})
_CHANNELS: Final = ("probability", "mask")
Parsed = TypeVar("Parsed")

_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOST: Final = 1000
_MOST_FOLDS: Final = 100
_LONGEST: Final = 500
_LARGEST: Final = 1e12
_MASKS: Final = ("predicted", "manual")


@dataclass(frozen=True)
class Description:
    """What the rest of the files is held against, and what a card tells.

    Parameters
    ----------
    tree
        The taxonomy.
    name
        Of the taxonomy.
    channels, columns, evidences, recommended, folds
        See the format.
    patients
        Number of training patients of each diagnosis.
    sites, masks, segmentation
        Of the training.
    warnings
        What a user should know before relying on it.
    files
        Digest of each file, by its name seen from the folder.
    """

    tree: Tree
    name: str
    channels: tuple[str, ...]
    columns: tuple[str, ...]
    evidences: tuple[str, ...]
    recommended: str
    folds: int
    patients: Mapping[str, int]
    sites: int
    masks: str
    segmentation: str
    warnings: tuple[str, ...]
    files: Mapping[str, str]


def check_description(content: Mapping[str, Any], parsers: Parsers) -> Description:
    """Check the content of a `classifier.json`, key by key.

    Raises
    ------
    UnsafeModelError
        Where it is of another format, something is missing, unknown or of another kind, or the taxonomy is no tree.
    """
    found = (content.get("format"), content.get("version"))
    if found != (FORMAT, VERSION):
        raise _error(f"the format {FORMAT!r} of version {VERSION} was needed, found {found!r:.100}; see if a newer "
                     f"nnunet_ext reads it")  # fmt: skip
    _only(content, _KEYS, "")
    tree = _tree(content["taxonomy"], parsers.tree)
    evidences = _texts(content["evidences"], "evidences")
    columns = _texts(content["columns"], "columns")
    trained = _mapping(content["trained"], "trained")
    _only(trained, _TRAINED, "trained: ")
    masks = _one_of(trained["masks"], _MASKS, "trained: masks")
    _one_of(trained["lesion_channel"], _CHANNELS, "trained: lesion_channel")
    if not evidences or not set(evidences) <= set(EVIDENCES):
        raise _error(f"evidences: some of {', '.join(EVIDENCES)} were needed, found {evidences!r:.200}")
    _number(content["seed"], "seed", whole=True)
    _number(content["coverage"], "coverage", highest=1)
    _number(trained["seconds"], "trained: seconds")
    _by_evidence(content["temperatures"], "temperatures", evidences, tree.decisions, _LARGEST)
    pairs = [node for node in tree.decisions if len(tree.branches(node)) == 2]
    _by_evidence(content["thresholds"], "thresholds", evidences, pairs, 1)
    _parsed(content["usual"], "usual", parsers.usual)
    _text(content["reason"], "reason")
    for package, version in _mapping(trained["versions"], "trained: versions").items():
        _text(package, "trained: versions")
        _text(version, "trained: versions")
    return Description(
        tree=tree,
        name=_text(content["taxonomy"].get("name"), "taxonomy: name"),
        channels=_texts(content["channels"], "channels"),
        columns=columns,
        evidences=evidences,
        recommended=_one_of(content["recommended"], evidences, "recommended"),
        folds=int(_number(content["folds"], "folds", 1, _MOST_FOLDS, whole=True)),
        patients={
            _one_of(diagnosis, tree.diagnoses, "trained: patients"): int(
                _number(number, "trained: patients", whole=True)
            )
            for diagnosis, number in _mapping(trained["patients"], "trained: patients").items()
        },
        sites=int(_number(trained["sites"], "trained: sites", whole=True)),
        masks=masks,
        segmentation=_text(trained["segmentation"], "trained: segmentation", empty=True),
        warnings=_texts(content["warnings"], "warnings"),
        files=_files(content["files"]),
    )


def _tree(content: object, parse_tree: Callable[[Mapping[str, Any]], Tree]) -> Tree:
    mapping = _mapping(content, "taxonomy")
    nodes = _mapping(mapping.get("nodes"), "taxonomy: nodes")
    if sum(len(_texts(branches, f"taxonomy: nodes: {node!r:.60}")) for node, branches in nodes.items()) > _MOST:
        raise _error(f"taxonomy: up to {_MOST} branches were needed")
    for diagnosis, words in _mapping(mapping.get("synonyms", {}), "taxonomy: synonyms").items():
        _texts(words, f"taxonomy: synonyms: {diagnosis!r:.60}")
    for key in ("name", "root"):
        _text(mapping.get(key), f"taxonomy: {key}")
    for node in nodes:
        _text(node, "taxonomy: nodes")
    return _parsed(mapping, "taxonomy", parse_tree)


def _parsed(content: object, where: str, parse: Callable[[Mapping[str, Any]], Parsed]) -> Parsed:
    mapping = _mapping(content, where)
    try:
        return parse(mapping)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _error(f"{where}: {error!s:.400}") from error


def _by_evidence(
    content: object, where: str, evidences: tuple[str, ...], nodes: tuple[str, ...] | list[str], highest: float
) -> None:
    for evidence, of_nodes in _mapping(content, where).items():
        _one_of(evidence, evidences, where)
        for node, number in _mapping(of_nodes, f"{where}: {evidence}").items():
            _one_of(node, nodes, f"{where}: {evidence}")
            _number(number, f"{where}: {evidence}: {node}", highest=highest)


def _files(content: object) -> dict[str, str]:
    files = dict(_mapping(content, "files"))
    for name, digest in files.items():
        if not is_part(name) or name == CLASSIFIER or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            raise _error(f"files: names of a classifier's files with their SHA-256 were needed, found {name!r:.100}")
    if not any(fold_of(name) is not None for name in files):
        raise _error("files: a model of a fold, at least, was needed")
    return files


def _error(said: str) -> UnsafeModelError:
    return UnsafeModelError(f"{CLASSIFIER}: {said}")


def _only(content: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    if missing := sorted(known - set(content)):
        raise _error(f"{where}{', '.join(missing)} was needed, and is missing")
    if unknown := sorted(set(content) - known):
        raise _error(f"{where}{unknown[0]!r:.100} is no key of this format")


def _mapping(content: object, where: str) -> Mapping[str, Any]:
    if not isinstance(content, Mapping) or len(content) > _MOST:
        raise _error(f"{where}: an object of up to {_MOST} keys was needed, found {content!r:.100}")
    return content


def _text(content: object, where: str, *, empty: bool = False) -> str:
    if not isinstance(content, str) or len(content) > _LONGEST or not content.isprintable():
        raise _error(f"{where}: a text of up to {_LONGEST} letters on one line was needed, found {content!r:.100}")
    if not content.strip() and not empty:
        raise _error(f"{where}: a text was needed, found none")
    return content


def _texts(content: object, where: str) -> tuple[str, ...]:
    if not isinstance(content, list) or len(content) > _MOST:
        raise _error(f"{where}: a list of up to {_MOST} texts was needed, found {content!r:.100}")
    read = tuple(_text(item, where) for item in content)
    if len(set(read)) < len(read):
        raise _error(f"{where}: something stands twice")
    return read


def _one_of(content: object, known: tuple[str, ...] | list[str], where: str) -> str:
    if not isinstance(content, str) or content not in known:
        raise _error(f"{where}: one of {', '.join(known)[:300]} was needed, found {content!r:.100}")
    return content


def _number(content: object, where: str, lowest: float = 0, highest: float = _LARGEST, *, whole: bool = False) -> float:
    right = isinstance(content, int) if whole else isinstance(content, int | float)
    if not right or isinstance(content, bool) or not lowest <= float(str(content)) <= highest:
        raise _error(f"{where}: a {'whole ' if whole else ''}number from {lowest:g} to {highest:g} was needed, found "
                     f"{content!r:.60}")  # fmt: skip
    return float(str(content))
