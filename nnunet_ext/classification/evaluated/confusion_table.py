"""`confusion.tsv`: which diagnosis was taken for which."""

from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.question import questions
from nnunet_ext.classification.judge.confusion import confusion
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.tables import Row


def confusion_table(predictions: Predictions) -> list[Row]:
    """Count the patients of each true and each likeliest diagnosis, for each evidence.

    Returns
    -------
    list of dict
        `evidence`, `truth`, `decided`, `patients`: a row for every pair of diagnoses, those of no patient included.
    """
    everything = questions(predictions)[-1]
    names = everything.branches
    rows: list[Row] = []
    for evidence in predictions.classifier.evidences:
        decided = everything.decided(evidence, predictions.classifier.thresholds)
        counts = confusion(everything.truth, decided, len(names))
        rows += [
            as_row({"evidence": evidence, "truth": true, "decided": taken, "patients": int(counts[row, column])})
            for row, true in enumerate(names)
            for column, taken in enumerate(names)
        ]
    return rows
