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
from nnunet_ext.core.malformed import what_was_found
from nnunet_ext.core.require_classify import require_classify
from nnunet_ext.core.safe_types import TRUSTED
from nnunet_ext.core.skops_file.check_boosting import check_boosting

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

    Types and trees are checked before anything is made of them, see `check_boosting`. Nothing but the trees' nodes and
    the first guess is kept of the file's classifier, whose attributes could be anything.

    Raises
    ------
    FileRefusedError
        Where it is not there.
    UnsafeModelError
        Where it is damaged or something else, holds other types, by name, or trees that lead out of themselves.
    EnvironmentProblemError
        Without skops.
    """
    skops = require_classify("skops.io")
    if not path.is_file():
        raise FileRefusedError(path, f"{_NEEDED}, found none; {_CURE}")
    check_boosting(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # another version of scikit-learn: what it wrote was checked
            content = skops.load(path, trusted=list(TRUSTED))
        branches, columns = tuple(content["branches"]), tuple(content["columns"])
        shares = number_list(content["shares"], len(branches), "shares")
        if not all(0 < share < 1 for share in shares):
            raise ValueError(f"shares between 0 and 1 were needed, found {shares}")
        model = BoostingModel(branches, columns, shares, _rebuilt(content["trees"], len(branches), len(columns)))
        model.predict([{}])
    except _DAMAGED as error:
        raise UnsafeModelError(f"{path}: {_NEEDED}, found {what_was_found(error)}; {_CURE}") from error
    return model


def _rebuilt(trees: Any, branches: int, columns: int) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Put the nodes and the first guess into a classifier of our own; nothing else of the file is kept."""
    ensemble = require_classify("sklearn.ensemble")
    predictor = require_classify("sklearn.ensemble._hist_gradient_boosting.predictor")
    fresh = ensemble.HistGradientBoostingClassifier(max_iter=1, early_stopping=False, categorical_features=None)
    fresh.fit(np.zeros((branches, columns)), np.arange(branches))
    none, known = fresh._predictors[0][0].raw_left_cat_bitsets, fresh._predictors[0][0].nodes.dtype
    first = trees._baseline_prediction
    if first.dtype != np.float64 or first.shape != fresh._baseline_prediction.shape or not np.isfinite(first).all():
        raise ValueError("another first guess")
    if any(len(stage) != first.size or any(tree.nodes.dtype != known for tree in stage) for stage in trees._predictors):
        raise ValueError(f"{first.size} trees a stage, of nodes {known}, were needed")
    stages = [[predictor.TreePredictor(tree.nodes, none, none) for tree in stage] for stage in trees._predictors]
    fresh._baseline_prediction, fresh._predictors = first, stages
    return fresh
