"""`figures.tsv`: how good each evidence is at each question, over all patients and in groups of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.classification.evaluated.patient_groups import patient_groups
from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.question import Question, questions
from nnunet_ext.classification.judge.arrays import Classes, Values
from nnunet_ext.classification.judge.auc import auc
from nnunet_ext.classification.judge.bootstrap import bootstrap
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.figure_rows import figure_rows
from nnunet_ext.classification.judge.macro_auc import macro_auc
from nnunet_ext.classification.judge.majority import against_majority
from nnunet_ext.classification.judge.many_class import many_class
from nnunet_ext.classification.judge.one_vs_rest import one_vs_rest
from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.classification.judge.two_class import two_class
from nnunet_ext.core.tables import Row

ALL: Final = "all"
"""The group of all patients."""


@dataclass(frozen=True)
class _Area:
    """The area under the ROC curve, beside the figures of a decision."""

    auc: Estimate


@dataclass(frozen=True)
class _Commonest:
    """What saying always the commonest branch would reach, and the p value against it."""

    majority: Estimate
    p_against_majority: Estimate


@dataclass(frozen=True)
class _Resampled:
    """Figures with intervals from patients drawn again and again."""

    accuracy: Estimate
    auc: Estimate


def figure_table(predictions: Predictions, resampling: Resampling) -> list[Row]:
    """Judge each evidence at each question, over all patients and in each group; see `patient_groups`.

    Of a node of two branches sensitivity, specificity, PPV and NPV are of the first. Of one of more, and of all
    diagnoses, each branch also stands against all others, and the AUC is the mean of theirs, without an interval but
    that of resampling.

    Parameters
    ----------
    predictions
        Of patients whose diagnosis is known.
    resampling
        Of the table `resampled`.

    Returns
    -------
    list of dict
        `table` (`all`, `resampled`, `branches`: each against all others; `groups`), `node`, `evidence`, `group`,
        `figure`, `value`, `low`, `high`, `n`, `method`.
    """
    rows: list[Row] = []
    groups = patient_groups(predictions)
    thresholds = predictions.classifier.thresholds
    for asked in questions(predictions):
        for evidence in predictions.classifier.evidences:
            decided, given = asked.decided(evidence, thresholds), asked.tempered(evidence)
            keys = {"node": asked.name, "evidence": evidence}
            rows += _judged(asked.truth, decided, given, {"table": ALL, **keys, "group": ALL})
            rows += _branches(asked, decided, given, {"table": "branches", **keys})
            rows += _resampled(asked.truth, decided, given, {"table": "resampled", **keys, "group": ALL}, resampling)
            for grouping, names in groups.items():
                own = np.array([names[patient.person] for patient in asked.patients], dtype=np.str_)
                for name in np.unique(own):
                    chosen, told = own == name, {"table": "groups", **keys, "group": f"{grouping}: {name}"}
                    rows += _judged(asked.truth[chosen], decided[chosen], given[chosen], told)
    return [{("n" if column == "count" else column): cell for column, cell in row.items()} for row in rows]


def _judged(truth: Classes, decided: Classes, given: Values, keys: Mapping[str, str]) -> list[dict[str, str]]:
    branches = given.shape[1]
    against = against_majority(truth, decided, branches)
    commonest = _Commonest(
        Estimate.without_interval(against.majority, truth.size), Estimate.without_interval(against.p, truth.size)
    )
    if branches == 2:
        judged: list[dict[str, str]] = figure_rows(two_class(truth == 0, decided == 0), **keys)
        area = auc(truth == 0, given[:, 0])
    else:
        judged = figure_rows(many_class(truth, decided, branches), **keys)
        area = Estimate.without_interval(macro_auc(truth, given) if truth.size else None, truth.size)
    return [*judged, *figure_rows(_Area(area), **keys), *figure_rows(commonest, **keys)]


def _branches(asked: Question, decided: Classes, given: Values, keys: Mapping[str, str]) -> list[dict[str, str]]:
    if len(asked.branches) == 2:
        return []
    judged = many_class(asked.truth, decided, len(asked.branches)).by_class
    areas = one_vs_rest(asked.truth, given).by_class
    rows = []
    for branch, of_branch, area in zip(asked.branches, judged, areas, strict=True):
        own = {**keys, "group": f"branch: {branch}"}
        rows += [*figure_rows(of_branch, **own), *figure_rows(_Area(area), **own)]
    return rows


def _resampled(
    truth: Classes, decided: Classes, given: Values, keys: Mapping[str, str], resampling: Resampling
) -> list[dict[str, str]]:
    shares = _Resampled(
        accuracy=bootstrap(right_share, truth, one_hot(decided, given.shape[1]), resampling),
        auc=bootstrap(macro_auc, truth, given, resampling),
    )
    return figure_rows(shares, **keys)


def one_hot(decided: Classes, branches: int) -> Values:
    """Give decisions as probabilities of 0 and 1, shape (n, branches): what `bootstrap` draws from."""
    sure: Values = np.eye(branches)[decided]
    return sure


def right_share(truth: Classes, given: Values) -> float | None:
    """Give the share of patients whose likeliest branch is the true one; None of no patient."""
    return float((given.argmax(axis=1) == truth).mean()) if truth.size else None
