"""What each measure of a patient said, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnunet_ext.classification.measured.design import Row, Values
from nnunet_ext.classification.measured.logistic import LogisticModel, features


@dataclass(frozen=True)
class Contributions:
    """The logits of logistic models, taken apart: ``logits = baseline + sum of terms over the measures``.

    Parameters
    ----------
    speaks_for
        Which branches the logits are of. Of two branches only the first: log-odds against the other. Of more each:
        the logit less the mean of all.
    measures
        In the models' order.
    baseline
        Shape (speaks_for,): the logits of a patient whose every measure is at the training mean.
    terms
        Shape (patients, speaks_for, measures). What a missing value says, and that it is missing, is in its measure's.
    """

    speaks_for: tuple[str, ...]
    measures: tuple[str, ...]
    baseline: Values
    terms: Values

    @property
    def logits(self) -> Values:
        """The sums, shape (patients, speaks_for)."""
        return np.asarray(self.baseline + self.terms.sum(axis=2))


def contributions(models: Sequence[LogisticModel], rows: Sequence[Row]) -> Contributions:
    """Take apart the mean logits of the models of a node, one or one a fold.

    The mean of the folds' probabilities, which the classifier answers with, is near the softmax of these and not quite
    it. A measure that a fold's model does not use adds nothing there.

    Parameters
    ----------
    models
        One or more, of the same branches.
    rows
        Measures of patients.
    """
    measures = tuple(dict.fromkeys(name for model in models for name in model.scaling.columns))
    terms = np.mean([_terms(model, rows, measures) for model in models], axis=0)
    baseline = np.mean([model.intercepts for model in models], axis=0)
    branches = models[0].branches
    if len(branches) > 2:
        return Contributions(branches, measures, baseline, terms)
    return Contributions(branches[:1], measures, baseline[:1] - baseline[1:], terms[:, :1] - terms[:, 1:])


def _terms(model: LogisticModel, rows: Sequence[Row], measures: Sequence[str]) -> Values:
    """Give the terms of shape (patients, branches, measures); a gap's go to its measure."""
    given = features(model.scaling, model.gaps, model.gap_shares, rows)
    parts = given[:, None, :] * np.array(model.coefficients)[None]
    terms = np.zeros((len(rows), len(model.branches), len(measures)))
    for place, name in enumerate((*model.scaling.columns, *model.gaps)):
        terms[:, :, measures.index(name)] += parts[:, :, place]
    return terms
