"""`differences.tsv`: whether one evidence is better than another on the same patients."""

from itertools import combinations

from nnunet_ext.classification.evaluated.paired import Paired, Side, paired_row
from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.question import questions
from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.core.tables import Row


def difference_table(predictions: Predictions, resampling: Resampling) -> list[Row]:
    """Compare every two evidences at each question; b less a, a being the simpler. P values are not corrected.

    Returns
    -------
    list of dict
        `node`, `evidence_a`, `evidence_b`, and the columns of `paired_row`.
    """
    facts = predictions.classifier
    rows: list[Row] = []
    for asked in questions(predictions):
        sides = {evidence: Side.of(asked, evidence, facts) for evidence in facts.evidences}
        for a, b in combinations(sides, 2):
            keys = {"node": asked.name, "evidence_a": a, "evidence_b": b}
            rows.append({**keys, **paired_row(Paired(asked.truth, sides[a], sides[b]), resampling)})
    return rows
