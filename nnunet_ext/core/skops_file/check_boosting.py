"""Checking a file of gradient boosting for which nobody vouches."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import FileRefusedError, UnsafeModelError
from nnunet_ext.core.read_json import without_doubles
from nnunet_ext.core.safe_types import BINS, BOOSTING, PREDICTOR
from nnunet_ext.core.skops_file.plain_array import plain_array
from nnunet_ext.core.skops_file.schema import Node, check_schema, scalar
from nnunet_ext.core.zip_entries import Limits, OddZipError, opened_zip, read_entry, refuse_odd, sound_entries

_SCHEMA: Final = "schema.json"
_MIB: Final = 1 << 20
_LIMITS: Final = Limits(entries=50_000, file_bytes=16 * _MIB, text_bytes=64 * _MIB, total_bytes=256 * _MIB)
_KEYS: Final = {"branches", "columns", "shares", "trees"}
_WHOLE: Final = ("left", "right", "feature_idx", "is_leaf", "is_categorical")
_MOST: Final = 100
_MOST_FEATURES: Final = 10_000
_MOST_ROUNDS: Final = 10_000
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Boosting:
    """What a file that passed says.

    Parameters
    ----------
    branches, columns
        Those that it tells apart, and the measures that it takes.
    schema
        Text of its `schema.json`.
    """

    branches: tuple[str, ...]
    columns: tuple[str, ...]
    schema: str


def check_boosting(path: Path) -> Boosting:
    """Check a file that skops wrote of a classifier's gradient boosting at one node, and run nothing of it.

    It holds `branches`, `columns`, `shares` of the branches, and `trees`, a `HistGradientBoostingClassifier`.

    skops itself keeps to the types that it trusts. This list is shorter, and the trees are looked at, too: scikit-learn
    follows their numbers without a check, so that a wrong one would read memory that is none of theirs, or go round in
    circles.

    Raises
    ------
    UnsafeModelError
        Where it names any type but those of `safe_types`, holds objects, more than its arrays, or is a bomb; or where a
        tree leads out of itself.
    """
    try:
        with opened_zip(path, "fetch it again") as opened:
            return _checked(opened, path)
    except (OddZipError, FileRefusedError) as error:
        said = error.reason if isinstance(error, FileRefusedError) else str(error)
        raise UnsafeModelError(f"{path.name}: {said}") from error


def _checked(opened: zipfile.ZipFile, path: Path) -> Boosting:
    contents, total = dict[str, bytes](), 0
    for info in sound_entries(opened, path, _LIMITS):
        refuse_odd(info, "gradient boosting is made")
        if info.filename in contents:
            raise OddZipError(f"{info.filename!r}: stands twice")
        if info.filename != _SCHEMA and not info.filename.endswith(".npy"):
            raise OddZipError(f"{info.filename!r:.100}: {_SCHEMA} and arrays, NUMBER.npy, were needed and nothing else")
        contents[info.filename] = read_entry(opened, info, total, _LIMITS)
        total += len(contents[info.filename])
    text = contents.pop(_SCHEMA, b"{}")
    root = _read_schema(text)
    try:
        named = check_schema(root)
    except OddZipError as error:
        raise OddZipError(f"{_SCHEMA}: {error}") from error
    if set(named) != set(contents):
        raise OddZipError(f"{_SCHEMA}: names other arrays than there are")
    arrays = {name: _array(name, content) for name, content in contents.items()}
    return _check_trees(root, arrays, text.decode("utf-8"))


def _read_schema(text: bytes) -> Mapping[str, Any]:
    try:
        root = json.loads(text.decode("utf-8"), object_pairs_hook=without_doubles)
    except (ValueError, RecursionError) as error:
        raise OddZipError(f"{_SCHEMA}: JSON was needed: {str(error)[:200]}") from error
    if not isinstance(root, dict):
        raise OddZipError(f"{_SCHEMA}: an object was needed")
    return root


def _array(name: str, content: bytes) -> Array:
    try:
        return plain_array(content)
    except OddZipError as error:
        raise OddZipError(f"{name}: {error}") from error


def _check_trees(root: Node, arrays: Mapping[str, Array], schema: str) -> Boosting:
    held = root.get("content")
    if root.get("__loader__") != "DictNode" or not isinstance(held, Mapping) or set(held) != _KEYS:
        raise OddZipError(f"{_SCHEMA}: {', '.join(sorted(_KEYS))} were needed, and nothing else")
    branches, columns = (_names(held[key], key) for key in ("branches", "columns"))
    state = _state(held["trees"], BOOSTING)
    features, trees = _count(state, "n_features_in_", _MOST_FEATURES), _count(state, "n_trees_per_iteration_", _MOST)
    if _array_of(_state(state.get("_bin_mapper"), BINS).get("is_categorical_"), arrays).any():
        raise OddZipError("takes categories, which no measure is")
    for one in _items(state.get("_predictors")):
        members = _items(one)
        if len(members) != trees:
            raise OddZipError(f"{trees} trees a round were needed, found {len(members)}")
        for tree in members:
            _check_tree(_array_of(_state(tree, PREDICTOR).get("nodes"), arrays), features)
    baseline, classes = (_array_of(state.get(key), arrays) for key in ("_baseline_prediction", "classes_"))
    count = 2 if trees == 1 else trees
    if baseline.shape != (1, trees) or classes.shape != (count,) or not _are_finite(baseline):
        raise OddZipError(f"{count} classes were needed, found {classes.shape} and {baseline.shape}")
    if len(branches) != count or len(columns) != features:
        raise OddZipError(
            f"trees of {count} branches and {features} measures, and {len(branches)}, {len(columns)} names"
        )
    return Boosting(branches, columns, schema)


def _check_tree(nodes: Array, features: int) -> None:
    """Refuse a tree whose branches do not lead onwards within it: scikit-learn numbers the nodes so that they do."""
    names = nodes.dtype.names or ()
    if nodes.ndim != 1 or not len(nodes) or not {*_WHOLE, "value"} <= set(names):
        raise OddZipError("a tree needs its nodes")
    if not all(nodes.dtype[name].kind in "iu" for name in _WHOLE) or not _are_finite(nodes["value"]):
        raise OddZipError("a tree of whole numbers and finite values was needed")
    if nodes["is_categorical"].any():
        raise OddZipError("a tree that asks for categories, which no measure is")
    inner = nodes["is_leaf"] == 0
    at = np.arange(len(nodes))[inner]
    for side in ("left", "right"):
        to = nodes[side][inner].astype(np.int64)
        if not ((to > at) & (to < len(nodes))).all():
            raise OddZipError(f"a tree whose {side} branches lead out of it, or back")
    asked = nodes["feature_idx"][inner].astype(np.int64)
    if not ((asked >= 0) & (asked < features)).all():
        raise OddZipError(f"a tree that asks for a measure that is none of its {features}")


def _are_finite(values: Array) -> bool:
    return values.dtype.kind == "f" and bool(np.isfinite(values).all())


def _count(state: Mapping[str, Any], key: str, most: int) -> int:
    value = scalar(state.get(key))
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= most:
        raise OddZipError(f"{_SCHEMA}: {key}: 1 to {most} was needed, found {value!r:.60}")
    return value


def _names(node: object, key: str) -> tuple[str, ...]:
    items = node.get("content") if isinstance(node, Mapping) and node.get("__loader__") == "ListNode" else []
    names = [scalar(item) for item in items or []]
    texts = tuple(name for name in names if isinstance(name, str) and name.isprintable())
    if not texts or len(texts) != len(items or []) or len(set(texts)) < len(texts):
        raise OddZipError(f"{_SCHEMA}: {key}: names that differ were needed, found {names!r:.100}")
    return texts


def _state(node: object, kind: tuple[str, str]) -> Mapping[str, Any]:
    if not isinstance(node, Mapping) or (node.get("__module__"), node.get("__class__")) != kind:
        found = f"{node.get('__class__')!s:.60}" if isinstance(node, Mapping) else "nothing"
        raise OddZipError(f"{_SCHEMA}: a {kind[1]} was needed, found {found}")
    content = node.get("content")
    held = content.get("content") if isinstance(content, Mapping) else None
    if not isinstance(held, Mapping) or content is None or content["__loader__"] != "DictNode":
        raise OddZipError(f"{_SCHEMA}: {kind[1]} has no attributes")
    return held


def _items(node: object) -> list[object]:
    if not isinstance(node, Mapping) or node.get("__loader__") != "ListNode" or len(node["content"]) > _MOST_ROUNDS:
        raise OddZipError(f"{_SCHEMA}: _predictors needs lists of trees")
    return list(node["content"])


def _array_of(node: object, arrays: Mapping[str, Array]) -> Array:
    if not isinstance(node, Mapping) or (node.get("__loader__"), node.get("__class__")) != ("NdArrayNode", "ndarray"):
        raise OddZipError(f"{_SCHEMA}: an array was needed")
    return arrays[node["file"]]
