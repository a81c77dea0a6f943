"""Every table of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.classification.evaluated.abstention_tables import abstention_table, risk_coverage_table
from nnunet_ext.classification.evaluated.calibration_tables import calibration_table, reliability_table
from nnunet_ext.classification.evaluated.compare_tables import compare_tables
from nnunet_ext.classification.evaluated.confusion_table import confusion_table
from nnunet_ext.classification.evaluated.difference_table import difference_table
from nnunet_ext.classification.evaluated.figure_table import figure_table
from nnunet_ext.classification.evaluated.findings import (
    caution_sentences,
    compare_sentences,
    figure_sentences,
    leak_sentences,
)
from nnunet_ext.classification.evaluated.group_table import group_table
from nnunet_ext.classification.evaluated.leak_table import leak_table
from nnunet_ext.classification.evaluated.predictions import Predictions
from nnunet_ext.classification.evaluated.question import questions
from nnunet_ext.classification.evaluated.reader_table import reader_table
from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.core.tables import Row


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation found.

    Parameters
    ----------
    tables
        File name to rows; see `evaluated_dictionary` for the columns.
    questions
        What was asked, in its order, with the branches.
    findings
        How good it is, a sentence each.
    leaks, cautions
        What makes the figures too good, and what else to know before they are read.
    """

    tables: Mapping[str, list[Row]]
    questions: Mapping[str, tuple[str, ...]]
    findings: tuple[str, ...]
    leaks: tuple[str, ...]
    cautions: tuple[str, ...]


def evaluate_predictions(
    first: tuple[Path, Predictions], others: Mapping[str, tuple[Path, Predictions]], resampling: Resampling
) -> Evaluated:
    """Judge predictions.

    Parameters
    ----------
    first
        The folder, for messages, and what is in it.
    others
        See `compare_tables`.
    resampling
        Of all intervals that are made so.

    Raises
    ------
    DataRefusedError
        See `compare_tables`.
    """
    _, predictions = first
    compared, amiss = compare_tables(first, others, resampling)
    tables = {
        "figures.tsv": figure_table(predictions, resampling),
        "differences.tsv": difference_table(predictions, resampling),
        "confusion.tsv": confusion_table(predictions),
        "calibration.tsv": calibration_table(predictions),
        "reliability.tsv": reliability_table(predictions),
        "abstention.tsv": abstention_table(predictions),
        "risk_coverage.tsv": risk_coverage_table(predictions),
        "groups.tsv": group_table(predictions),
        "readers.tsv": reader_table(predictions, resampling),
        "leaks.tsv": leak_table(predictions),
        "compared.tsv": compared,
    }
    return Evaluated(
        tables=tables,
        questions={asked.name: asked.branches for asked in questions(predictions)},
        findings=(
            *figure_sentences(predictions, tables["figures.tsv"]),
            *compare_sentences(predictions, compared),
        ),
        leaks=leak_sentences(tables["leaks.tsv"]),
        cautions=(*caution_sentences(predictions), *amiss),
    )
