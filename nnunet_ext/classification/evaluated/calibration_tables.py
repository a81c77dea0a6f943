"""`calibration.tsv` and `reliability.tsv`: whether probabilities mean what they say."""

from dataclasses import asdict
from typing import Final

from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.question import Question, questions
from nnunet_ext.classification.judge.arrays import Values
from nnunet_ext.classification.judge.calibration.brier import brier
from nnunet_ext.classification.judge.calibration.ece import ece
from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.judge.calibration.reliability import reliability
from nnunet_ext.classification.judge.top_label import top_label
from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.tables import Row

_MOST_BINS: Final = 10
_LEAST_BINS: Final = 2
_IN_A_BIN: Final = 10


def calibration_table(predictions: Predictions) -> list[Row]:
    """Give the calibration errors of each evidence at each question, tempered and, where it is known, before that.

    Returns
    -------
    list of dict
        `node`, `evidence`, `probabilities` (`tempered` or `untempered`), `n`; `ece` of the likeliest branch,
        `ece_classwise`, `ece_debiased`; `brier` and its parts `brier_reliability`, `brier_resolution`,
        `brier_uncertainty`; `log_loss`.
    """
    rows: list[Row] = []
    for asked, keys, given in _given(predictions):
        errors, score = ece(asked.truth, given), brier(asked.truth, given)
        values = {
            "n": asked.truth.size,
            "ece": errors.top_label,
            "ece_classwise": errors.classwise,
            "ece_debiased": errors.debiased,
            "brier": score.score,
            **{f"brier_{part}": value for part, value in asdict(score).items() if part != "score"},
            "log_loss": log_loss(asked.truth, given),
        }
        rows.append(as_row({**keys, **values}))
    return rows


def reliability_table(predictions: Predictions) -> list[Row]:
    """Give what the likeliest branch was said to be worth, and how often it was right, bin by bin.

    Bins are of ten patients or more, ten bins at most: a share of four patients says nothing that anybody could see.

    Returns
    -------
    list of dict
        `node`, `evidence`, `probabilities`, `bin` from 1; `low`, `high`, `said`: the smallest, largest and mean
        probability; `came`: the share that was right, with its interval `came_low`, `came_high`; `n`.
    """
    rows: list[Row] = []
    for asked, keys, given in _given(predictions):
        bins = min(_MOST_BINS, max(_LEAST_BINS, asked.truth.size // _IN_A_BIN))
        for number, found in enumerate(reliability(*top_label(asked.truth, given), bins), start=1):
            values = {
                "bin": number,
                "low": found.low,
                "high": found.high,
                "said": found.said,
                "came": found.came.value,
                "came_low": found.came.low,
                "came_high": found.came.high,
                "n": found.came.count,
            }
            rows.append(as_row({**keys, **values}))
    return rows


def _given(predictions: Predictions) -> list[tuple[Question, dict[str, str], Values]]:
    found = []
    for asked in questions(predictions):
        for evidence in predictions.classifier.evidences:
            before = asked.untempered(evidence) if asked.patients else None
            kinds = {"tempered": asked.tempered(evidence), "untempered": before}
            found += [
                (asked, {"node": asked.name, "evidence": evidence, "probabilities": kind}, given)
                for kind, given in kinds.items()
                if given is not None
            ]
    return found
