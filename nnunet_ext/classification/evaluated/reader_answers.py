"""What readers said, as the branches of a question, and on whom they disagree."""

from typing import Final

import numpy as np

from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.question import DIAGNOSES, Question, questions
from nnunet_ext.classification.judge.arrays import Classes
from nnunet_ext.classification.judge.readers.difficult import difficult

NO_ANSWER: Final = "other"
"""What a reader said who named no diagnosis of the taxonomy."""


def reader_names(predictions: Predictions) -> tuple[str, ...]:
    """Name everybody who read a patient."""
    return tuple(sorted({reader for patient in predictions.patients for reader in patient.readers}))


def reader_answers(asked: Question, readers: tuple[str, ...]) -> Classes:
    """Give the branch that each reader named, shape (n, readers).

    `UNREAD` where a reader said nothing, or something that does not answer the question: of a patient with an
    astrocytoma `MS` is no answer to which tumour it is, nor `tumour` to which diagnosis.
    """
    answers = [
        asked.branch_numbers(patient.readers.get(reader, "") for patient in asked.patients) for reader in readers
    ]
    return np.stack(answers, axis=1) if answers else np.empty((len(asked.patients), 0), dtype=np.int64)


def disagreement(predictions: Predictions) -> dict[str, bool | None]:
    """Tell of each person whether two readers disagree; None where fewer than two said something.

    They do where they take different branches at any node, or one of them names what the taxonomy has not. `tumour` and
    `astrocytoma` are no disagreement.
    """
    readers, patients = reader_names(predictions), predictions.patients
    torn = np.zeros(len(patients), dtype=bool)
    for node in questions(predictions):
        if node.name == DIAGNOSES:
            continue
        everyone = Question(node.name, node.branches, node.taxonomy, patients)
        answers = reader_answers(everyone, readers)
        strange = [[patient.readers.get(reader) == NO_ANSWER for reader in readers] for patient in patients]
        answers[np.array(strange, dtype=bool).reshape(answers.shape)] = len(node.branches)
        torn |= difficult(answers, len(node.branches) + 1)
    several = [len(patient.readers) > 1 for patient in patients]
    return {
        patient.person: bool(is_torn) if read else None
        for patient, is_torn, read in zip(patients, torn, several, strict=True)
    }
