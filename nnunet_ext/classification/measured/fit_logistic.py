"""Fitting a logistic model, as strongly held as its inner folds ask for."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.measured.design import Row, Values, design
from nnunet_ext.classification.measured.logistic import LogisticModel, features
from nnunet_ext.classification.measured.node_patients import NodePatients
from nnunet_ext.classification.measured.scaling import fit_scaling
from nnunet_ext.core.require_classify import require_classify

STRENGTHS: Final = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Scikit-learn's C: the smaller, the nearer coefficients are held to 0."""

_STEPS: Final = 2000


def fit_logistic(patients: NodePatients) -> LogisticModel:
    """Fit logistic regression with a ridge (L2), its strength chosen by log loss over the inner folds.

    Each branch weighs alike in the fit, so that rare ones are learned, too; the intercepts then give the branches the
    shares of the training patients back (King and Zeng 2001, Political Analysis 9:137, section 4.1), as a probability
    is only right with them. Scaling, medians and gaps of an inner fold are of its own training patients. Without an
    inner fold that can be trained the strongest hold is taken.

    Raises
    ------
    DataRefusedError
        Where no measure differs between the patients.
    EnvironmentProblemError
        Without scikit-learn.
    """
    losses = np.zeros(len(STRENGTHS))
    for training, rows, truth in patients.inner():
        for place, strength in enumerate(STRENGTHS):
            losses[place] += len(truth) * (log_loss(truth, _fit(training, strength).predict(rows)) or 0.0)
    return _fit(patients, STRENGTHS[int(np.argmin(losses))])


def _fit(patients: NodePatients, strength: float) -> LogisticModel:
    linear_model = require_classify("sklearn.linear_model")
    scaling = fit_scaling(patients.rows, patients.columns)
    gaps, shares = _gaps(patients.rows, scaling.columns)
    given = features(scaling, gaps, shares, patients.rows)
    model = linear_model.LogisticRegression(C=strength, class_weight="balanced", max_iter=_STEPS)
    model.fit(given, patients.truth)
    two = len(patients.branches) == 2
    coefficients: Values = np.vstack([-model.coef_, model.coef_]) / 2 if two else model.coef_
    intercepts: Values = np.concatenate([-model.intercept_, model.intercept_]) / 2 if two else model.intercept_
    intercepts = intercepts + np.log(patients.shares)
    return LogisticModel(
        branches=patients.branches,
        scaling=scaling,
        gaps=gaps,
        gap_shares=shares,
        coefficients=tuple(tuple(each) for each in (coefficients - coefficients.mean(axis=0)).tolist()),
        intercepts=tuple((intercepts - intercepts.mean()).tolist()),
        strength=strength,
    )


def _gaps(rows: Sequence[Row], columns: Sequence[str]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Name one column of each pattern of missing values, and give the share that is missing."""
    missing = np.isnan(design(rows, columns))
    patterns: dict[bytes, int] = {}
    for place in np.flatnonzero(missing.any(axis=0)):
        patterns.setdefault(missing[:, place].tobytes(), int(place))
    places = list(patterns.values())
    return tuple(columns[place] for place in places), tuple(missing[:, places].mean(axis=0).tolist())
