"""Fitting gradient boosting, as large as its inner folds ask for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.measured.boosting import BoostingModel, with_shares
from nnunet_ext.classification.measured.design import design, told_columns
from nnunet_ext.classification.measured.node_patients import NodePatients
from nnunet_ext.core.require_classify import require_classify

LEAVES: Final = (2, 4)
"""Of a tree: of two, no measure depends on another."""

TREES: Final = (5, 10, 20, 40, 80)

_RATE: Final = 0.1
_BINS: Final = 32  # a hundred patients have no more places to cut at than that
_LEAST_IN_LEAF: Final = (3, 10)
_COLUMNS_A_SPLIT: Final = 0.5
_RIDGE: Final = 1.0


def fit_boosting(patients: NodePatients, seed: int = 0) -> BoostingModel:
    """Fit gradient boosting, its number of trees and their leaves chosen by log loss over the inner folds.

    Each branch weighs alike in the fit, and `with_shares` gives the branches their shares back. The same patients and
    seed give the same model. Without an inner fold that can be trained the smallest model is taken.

    Raises
    ------
    DataRefusedError
        Where no measure differs between the patients.
    EnvironmentProblemError
        Without scikit-learn.
    """
    losses = np.zeros((len(LEAVES), len(TREES)))
    with _one_thread():
        for training, rows, truth in patients.inner():
            for place, leaves in enumerate(LEAVES):
                model = _fit(training, leaves, max(TREES), seed)
                stages = list(model.trees.staged_predict_proba(design(rows, model.columns)))
                for other, trees in enumerate(TREES):
                    found = with_shares(stages[trees - 1], model.shares)
                    losses[place, other] += len(truth) * (log_loss(truth, found) or 0.0)
        least = np.argwhere(losses == losses.min())[0]  # of equals the smallest
        return _fit(patients, LEAVES[least[0]], TREES[least[1]], seed)


def _fit(patients: NodePatients, leaves: int, trees: int, seed: int) -> BoostingModel:
    ensemble = require_classify("sklearn.ensemble")
    columns = told_columns(patients.rows, patients.columns)
    low, high = _LEAST_IN_LEAF
    model: Any = ensemble.HistGradientBoostingClassifier(
        learning_rate=_RATE,
        max_iter=trees,
        max_leaf_nodes=leaves,
        min_samples_leaf=int(np.clip(len(patients.rows) // 10, low, high)),
        l2_regularization=_RIDGE,
        max_features=_COLUMNS_A_SPLIT,
        max_bins=_BINS,
        categorical_features=None,
        early_stopping=False,
        class_weight="balanced",
        random_state=seed,
    )
    model.fit(design(patients.rows, columns), patients.truth)
    return BoostingModel(patients.branches, columns, tuple(patients.shares.tolist()), model)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Grow trees on one thread: of so few patients, many only wait for each other."""
    with require_classify("threadpoolctl").threadpool_limits(1):
        yield
