"""`groups.tsv`: whether a classifier separates one group of patients better than another."""

from itertools import combinations
from typing import Final

import numpy as np

from nnunet_ext.classification.evaluated.patient_groups import patient_groups
from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.question import Question, questions
from nnunet_ext.classification.judge.auc_of_groups import auc_of_groups
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.tables import NOTHING, Row

_OTHERS: Final = "all others"


def group_table(predictions: Predictions) -> list[Row]:
    """Compare the areas of every two groups by the recommended evidence at each node of two branches.

    Where a grouping has more than two groups, each stands against all others. Who is in none (`n/a`) is left out. P
    values are not corrected: of twenty groups that are alike one differs.

    Returns
    -------
    list of dict
        `node`, `evidence`, `grouping`, `a`, `b`, `n_a`, `n_b`, `auc_a`, `auc_b`, `difference` (b less a), `low`,
        `high`, `p`.
    """
    groups = patient_groups(predictions)
    rows: list[Row] = []
    for asked in questions(predictions):
        if len(asked.branches) != 2:
            continue
        for grouping, names in groups.items():
            rows += _of_grouping(asked, grouping, names, predictions.classifier.recommended)
    return rows


def _of_grouping(asked: Question, grouping: str, names: dict[str, str], evidence: str) -> list[Row]:
    own = np.array([names[patient.person] for patient in asked.patients], dtype=np.str_)
    there = sorted(set(own.tolist()) - {NOTHING})
    if len(there) < 2:
        return []
    pairs = list(combinations(there, 2)) if len(there) == 2 else [(name, _OTHERS) for name in there]
    known = asked.of(own != NOTHING)
    own = own[own != NOTHING]
    rows: list[Row] = []
    for a, b in pairs:
        in_b = own != a
        found = auc_of_groups(known.truth == 0, known.tempered(evidence)[:, 0], in_b)
        keys = {"node": asked.name, "evidence": evidence, "grouping": grouping, "a": a, "b": b}
        counts = {"n_a": int((~in_b).sum()), "n_b": int(in_b.sum())}
        areas = {"auc_a": found.a, "auc_b": found.b, "difference": found.difference}
        rows.append(as_row({**keys, **counts, **areas, "low": found.low, "high": found.high, "p": found.p}))
    return rows
