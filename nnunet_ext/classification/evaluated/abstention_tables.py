"""`abstention.tsv` and `risk_coverage.tsv`: what it says where it is sure, and whether it knows when it is not."""

import numpy as np

from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.question import Question, questions
from nnunet_ext.classification.judge.arrays import Classes, Mask
from nnunet_ext.classification.judge.conformal.risk_coverage import risk_coverage
from nnunet_ext.classification.judge.conformal.selective import selective
from nnunet_ext.classification.judge.conformal.set_figures import set_figures
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.figure_rows import figure_rows
from nnunet_ext.classification.judge.readers.readings import UNREAD
from nnunet_ext.classification.judge.top_label import top_label
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.tables import Row


def abstention_table(predictions: Predictions) -> list[Row]:
    """Judge the conformal sets of the recommended evidence, and the decisions that they allow at each node.

    At a node a patient is decided where the whole set lies in one branch, as `classify predict` decides.

    Returns
    -------
    list of dict
        `node`, `evidence`, `figure`, `value`, `low`, `high`, `n`, `method`. Of all diagnoses: `coverage_asked`,
        `coverage`, `coverage of DIAGNOSIS`, `mean_size`, `empty`, `abstained`, `right`; of every question `decided`,
        `accuracy` of those, `accuracy_left_out` of the others; and of every evidence the area below the risk-coverage
        curve, `aurc`, and `excess_aurc`.
    """
    facts = predictions.classifier
    rows: list[dict[str, str]] = []
    for asked in questions(predictions):
        keys = {"node": asked.name, "evidence": facts.recommended}
        sets = _sets(asked)
        if asked.patients and set(asked.branches) == set(facts.taxonomy.diagnoses):
            rows += _of_sets(asked, sets, facts.coverage, keys)
        inside = _branch_of_set(asked)
        decided = inside != UNREAD
        taken = np.where(decided, inside, asked.decided(facts.recommended, facts.thresholds))
        rows += figure_rows(selective(taken == asked.truth, decided), **keys)
        for evidence in facts.evidences:
            curve = risk_coverage(*top_label(asked.truth, asked.tempered(evidence)))
            areas = {"aurc": curve.area, "excess_aurc": curve.excess}
            rows += [
                _plain(name, area, len(asked.patients), {**keys, "evidence": evidence}) for name, area in areas.items()
            ]
    return [{("n" if column == "count" else column): cell for column, cell in row.items()} for row in rows]


def risk_coverage_table(predictions: Predictions) -> list[Row]:
    """Give the share of errors among the surest patients, for each evidence at each question.

    Returns
    -------
    list of dict
        `node`, `evidence`, `coverage`, `risk`.
    """
    rows: list[Row] = []
    for asked in questions(predictions):
        for evidence in predictions.classifier.evidences:
            curve = risk_coverage(*top_label(asked.truth, asked.tempered(evidence)))
            rows += [
                as_row({"node": asked.name, "evidence": evidence, "coverage": coverage, "risk": risk})
                for coverage, risk in zip(curve.coverage, curve.risk, strict=True)
            ]
    return rows


def _of_sets(asked: Question, sets: Mask, coverage: float | None, keys: dict[str, str]) -> list[dict[str, str]]:
    found, count = set_figures(asked.truth, sets), len(asked.patients)
    rows = [_plain("coverage_asked", coverage, count, keys), *figure_rows(found, **keys)]
    rows.append(_plain("mean_size", found.mean_size, count, keys))
    for branch, share in zip(asked.branches, found.coverage_by_class, strict=True):
        rows.append(_estimate(f"coverage of {branch}", share, keys))
    return rows


def _plain(name: str, value: float | None, count: int, keys: dict[str, str]) -> dict[str, str]:
    return _estimate(name, Estimate.without_interval(value, count), keys)


def _estimate(name: str, found: Estimate, keys: dict[str, str]) -> dict[str, str]:
    interval = {"low": found.low, "high": found.high, "count": found.count, "method": found.method}
    return as_row({**keys, "figure": name, "value": found.value, **interval})


def _sets(asked: Question) -> Mask:
    inside = [[branch in patient.possible for branch in asked.branches] for patient in asked.patients]
    return np.array(inside, dtype=np.bool_).reshape(len(asked.patients), len(asked.branches))


def _branch_of_set(asked: Question) -> Classes:
    """Give the branch in which a patient's whole set lies, shape (n,); `UNREAD` where there is none."""
    found = []
    for patient in asked.patients:
        branches = set(asked.branch_numbers(sorted(patient.possible)).tolist())
        found.append(branches.pop() if len(branches) == 1 else UNREAD)
    return np.array(found, dtype=np.int64)
