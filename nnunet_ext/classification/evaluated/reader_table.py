"""`readers.tsv`: what readers said of the same patients, beside the model."""

from typing import Final

import numpy as np

from nnunet_ext.classification.evaluated.figure_table import ALL
from nnunet_ext.classification.evaluated.predictions import ClassifierFacts, Predictions
from nnunet_ext.classification.evaluated.question import Question, questions
from nnunet_ext.classification.evaluated.reader_answers import reader_answers, reader_names
from nnunet_ext.classification.judge.arrays import Classes
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.many_class import ManyClass
from nnunet_ext.classification.judge.mcnemar import mcnemar
from nnunet_ext.classification.judge.readers.cohen import cohen
from nnunet_ext.classification.judge.readers.each_reader import each_reader
from nnunet_ext.classification.judge.readers.fleiss import fleiss
from nnunet_ext.classification.judge.readers.majority_vote import majority_vote
from nnunet_ext.classification.judge.readers.readings import UNREAD
from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.classification.judge.wilson import wilson
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.tables import Row

VOTE: Final = "majority vote"
"""The reader who says what most say; no answer where as many say something else."""

MODEL: Final = "model"
"""The recommended evidence, among the readers."""


def reader_table(predictions: Predictions, resampling: Resampling) -> list[Row]:
    """Judge each reader, their majority vote and the recommended evidence at each question.

    Each on the patients whom it answered for; the model stands beside each reader on those very patients. An answer
    that names no branch of the question is none (see `reader_answers`), and how many patients there are tells.

    Parameters
    ----------
    predictions
        Of patients with readers.
    resampling
        Of the kappas' intervals.

    Returns
    -------
    list of dict
        `node`, `reader`, `against` (`truth`, another reader, `model`, or `all` readers), `figure`, `value`, `low`,
        `high`, `n`, `p`, `method`. Against the truth: accuracy and, of the first of two branches, sensitivity and
        specificity; `outside`, the share of the reader's answers that name no branch, and `accuracy_outside_wrong`,
        which counts those as wrong. Against the model: `model_accuracy` on the same patients, and
        `accuracy_difference`, the model's less the reader's, with McNemar's mid-p. Between readers: `cohen_kappa`,
        `fleiss_kappa`. Without readers empty.
    """
    names = reader_names(predictions)
    rows: list[dict[str, str]] = []
    for asked in questions(predictions) if names else ():
        answers = reader_answers(asked, names)
        branches = len(asked.branches)
        voted = np.column_stack([answers, majority_vote(answers, branches)]) if len(names) > 1 else answers
        everyone = (*names, VOTE) if len(names) > 1 else names
        for number, judged in enumerate(each_reader(asked.truth, voted, branches)):
            rows += _of_reader(asked, everyone[number], voted[:, number], judged, predictions.classifier)
            if number < len(names):
                rows += _outside(asked, names[number], voted[:, number])
        rows += _kappas(asked, names, answers, predictions, resampling)
    return list(rows)


def _of_reader(
    asked: Question, reader: str, answers: Classes, judged: ManyClass, facts: ClassifierFacts
) -> list[dict[str, str]]:
    truth, read = asked.truth, answers != UNREAD
    shown = {"accuracy": judged.accuracy, "balanced_accuracy": judged.balanced_accuracy}
    if len(asked.branches) == 2:
        first = judged.by_class[0]
        shown |= {"sensitivity": first.sensitivity, "specificity": first.specificity}
    keys = {"node": asked.name, "reader": reader}
    rows = [_row({**keys, "against": "truth"}, name, found) for name, found in shown.items()]
    decided = asked.decided(facts.recommended, facts.thresholds)
    (model,) = each_reader(truth[read], decided[read][:, np.newaxis], len(asked.branches))
    tested = mcnemar((answers == truth)[read], (decided == truth)[read])
    against = {**keys, "against": MODEL}
    difference = Estimate(tested.difference, tested.low, tested.high, int(read.sum()), "Bonett and Price")
    rows.append(_row(against, "model_accuracy", model.accuracy))
    rows.append(_row(against, "accuracy_difference", difference, tested.p_mid))
    return rows


def _outside(asked: Question, reader: str, answers: Classes) -> list[dict[str, str]]:
    said = sum(reader in patient.readers for patient in asked.patients)
    inside, right = int((answers != UNREAD).sum()), int((answers == asked.truth).sum())
    keys = {"node": asked.name, "reader": reader, "against": "truth"}
    shares = {"outside": wilson(said - inside, said), "accuracy_outside_wrong": wilson(right, said)}
    return [_row(keys, name, share) for name, share in shares.items()]


def _kappas(
    asked: Question, names: tuple[str, ...], answers: Classes, predictions: Predictions, resampling: Resampling
) -> list[dict[str, str]]:
    facts, branches = predictions.classifier, len(asked.branches)
    decided = asked.decided(facts.recommended, facts.thresholds)
    columns = {**dict(zip(names, answers.T, strict=True)), MODEL: decided}
    rows = []
    for position, a in enumerate(columns):
        for b in list(columns)[position + 1 :]:
            found = cohen(np.column_stack([columns[a], columns[b]]), branches, resampling)
            rows.append(_row({"node": asked.name, "reader": a, "against": b}, "cohen_kappa", found))
    if len(names) > 1:
        keys = {"node": asked.name, "reader": ALL, "against": ALL}
        rows.append(_row(keys, "fleiss_kappa", fleiss(answers, branches, resampling)))
    return rows


def _row(keys: dict[str, str], figure: str, found: Estimate, p: float | None = None) -> dict[str, str]:
    values = {"value": found.value, "low": found.low, "high": found.high, "n": found.count, "p": p}
    return as_row({**keys, "figure": figure, **values, "method": found.method})
