"""Files of gradient boosting: skops, which runs no code, read by a list of types and checked tree by tree."""

import warnings
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnunet_ext.classification.measured.boosting import BoostingModel
from nnunet_ext.classification.measured.plain_numbers import number_list
from nnunet_ext.core.atomic import write_bytes
from nnunet_ext.core.errors import FileRefusedError, UnsafeModelError
from nnunet_ext.core.first_few import first_few
from nnunet_ext.core.malformed import what_was_found
from nnunet_ext.core.require_classify import require_classify

ALLOWED_TYPES: Final = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
"""What skops does not trust by itself and these files hold: a tree's nodes."""

LARGEST: Final = 2**26
"""Bytes that a file may have, and unpack to; those that are written have a thousandth."""

_KEYS: Final = {"branches", "columns", "shares", "trees"}
_NEEDED: Final = "gradient boosting as this package writes it was needed"
_CURE: Final = "get the classifier again, or the version of scikit-learn that its classifier.json names"
_DAMAGED: Final = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)


def write_boosting(path: Path, model: BoostingModel) -> None:
    """Write a model atomically. The same model gives other bytes each time: skops names parts by their place in memory.

    Raises
    ------
    EnvironmentProblemError
        Without skops.
    """
    content = {
        "branches": list(model.branches),
        "columns": list(model.columns),
        "shares": list(model.shares),
        "trees": model.trees,
    }
    skops = require_classify("skops.io")
    write_bytes(path, skops.dumps(content, compression=zipfile.ZIP_DEFLATED))


def read_boosting(path: Path) -> BoostingModel:
    """Read what `write_boosting` wrote.

    Types are checked before anything is made of them. skops says nothing of their content, and scikit-learn follows a
    tree's nodes wherever they point to: so each must point to one further on, and look at a measure that there is.
    Nothing but these nodes and the first guess is kept of the file's classifier, whose attributes could be anything.

    Raises
    ------
    FileRefusedError
        Where it is not there, damaged, or something else.
    UnsafeModelError
        Where it holds other types, by name, trees that lead out of themselves, or more than `LARGEST` bytes.
    EnvironmentProblemError
        Without skops.
    """
    skops = require_classify("skops.io")
    data = _read_small(path)
    try:
        untrusted = sorted(set(skops.get_untrusted_types(data=data)) - set(ALLOWED_TYPES))
        if untrusted:
            raise UnsafeModelError(
                f"{path}: {_NEEDED}, found types that could run code: {first_few(untrusted)}; do not use it"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # another version of scikit-learn: what it wrote is checked below
            model = _checked(path, skops.loads(data, trusted=list(ALLOWED_TYPES)))
            model.predict([{}])
    except (*_DAMAGED, zipfile.BadZipFile, NotImplementedError) as error:
        raise FileRefusedError(path, f"{_NEEDED}, found {what_was_found(error)}; {_CURE}") from error
    return model


def _read_small(path: Path) -> bytes:
    try:
        if path.stat().st_size <= LARGEST:
            data = path.read_bytes()
            with zipfile.ZipFile(path) as packed:
                if sum(each.file_size for each in packed.infolist()) <= LARGEST:
                    return data
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise FileRefusedError(path, f"{_NEEDED}, found {what_was_found(error)}; {_CURE}") from error
    raise UnsafeModelError(f"{path}: {_NEEDED}, found one of more than {LARGEST} bytes; do not use it")


def _checked(path: Path, content: Any) -> BoostingModel:  # noqa: ANN401 - whatever the file holds
    ensemble = require_classify("sklearn.ensemble")
    if not isinstance(content, dict) or set(content) != _KEYS:
        raise ValueError(f"something without {', '.join(sorted(_KEYS))}")
    branches, columns, trees = content["branches"], content["columns"], content["trees"]
    for names in (branches, columns):
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError(f"names were needed, found {names!r:.100}")
        if not names or len(set(names)) < len(names):
            raise ValueError(f"names that differ were needed, found {names!r:.100}")
    shares = number_list(content["shares"], len(branches), "shares")
    if not all(0 < share < 1 for share in shares):
        raise ValueError("shares between 0 and 1 were needed")
    if type(trees) is not ensemble.HistGradientBoostingClassifier:
        raise TypeError(f"HistGradientBoostingClassifier was needed, found {type(trees).__name__}")
    rebuilt = _rebuilt(path, trees, len(branches), len(columns))
    return BoostingModel(tuple(branches), tuple(columns), shares, rebuilt)


def _rebuilt(path: Path, trees: Any, branches: int, columns: int) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Put the nodes and the first guess, checked, into a classifier of our own; nothing else of the file is kept."""
    ensemble = require_classify("sklearn.ensemble")
    predictor = require_classify("sklearn.ensemble._hist_gradient_boosting.predictor")
    fresh = ensemble.HistGradientBoostingClassifier(max_iter=1, early_stopping=False, categorical_features=None)
    fresh.fit(np.zeros((branches, columns)), np.arange(branches))
    none, known = fresh._predictors[0][0].raw_left_cat_bitsets, fresh._predictors[0][0].nodes.dtype
    first = trees._baseline_prediction
    if first.dtype != np.float64 or first.shape != fresh._baseline_prediction.shape or not np.isfinite(first).all():
        raise ValueError("another first guess")
    stages = []
    for stage in trees._predictors:
        if len(stage) != first.size or not all(type(tree) is predictor.TreePredictor for tree in stage):
            raise ValueError(f"{first.size} trees a stage were needed")
        for tree in stage:
            _check_nodes(path, tree.nodes, known, columns)
        stages.append([predictor.TreePredictor(tree.nodes, none, none) for tree in stage])
    fresh._baseline_prediction, fresh._predictors = first, stages
    return fresh


def _check_nodes(path: Path, nodes: Any, known: np.dtype[Any], columns: int) -> None:  # noqa: ANN401 - of a file
    if nodes.dtype != known or nodes.ndim != 1 or not len(nodes):
        raise ValueError(f"a tree of nodes {nodes.dtype}")
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    ends = np.stack([nodes["left"], nodes["right"]])[:, inner].astype(np.int64)
    looked_at = nodes["feature_idx"][inner]
    if np.any((ends <= inner) | (ends >= len(nodes))) or np.any((looked_at < 0) | (looked_at >= columns)):
        raise UnsafeModelError(f"{path}: {_NEEDED}, found a tree that leads out of itself; do not use it")
    if np.any(nodes["is_categorical"]) or not np.isfinite(nodes["value"]).all():
        raise ValueError("a tree of categories, or with values that are no numbers")
