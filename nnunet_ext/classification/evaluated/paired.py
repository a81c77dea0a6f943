"""Two classifiers, or one under two conditions, on the same patients."""

from dataclasses import dataclass

from nnunet_ext.classification.evaluated.figure_table import one_hot, right_share
from nnunet_ext.classification.evaluated.predictions import ClassifierFacts
from nnunet_ext.classification.evaluated.question import Question
from nnunet_ext.classification.judge.arrays import Classes, Values
from nnunet_ext.classification.judge.auc_difference import AucDifference, auc_difference
from nnunet_ext.classification.judge.bootstrap_difference import bootstrap_difference
from nnunet_ext.classification.judge.macro_auc import macro_auc
from nnunet_ext.classification.judge.mcnemar import mcnemar
from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.classification.judge.wilson import wilson
from nnunet_ext.core.as_row import as_row


@dataclass(frozen=True, eq=False)
class Side:
    """What one of them said.

    Parameters
    ----------
    decided
        Branches, shape (n,).
    given
        Probabilities, shape (n, branches).
    """

    decided: Classes
    given: Values

    @classmethod
    def of(cls, asked: Question, evidence: str, classifier: ClassifierFacts) -> "Side":
        """Take what an evidence said of the patients of a question."""
        return cls(asked.decided(evidence, classifier.thresholds), asked.tempered(evidence))


@dataclass(frozen=True, eq=False)
class Paired:
    """The truth, shape (n,), and what both said."""

    truth: Classes
    a: Side
    b: Side


def paired_row(pair: Paired, resampling: Resampling) -> dict[str, str]:
    """Compare accuracies (McNemar) and areas (DeLong; of more than two branches their mean, by resampling).

    Returns
    -------
    dict
        `n`; `accuracy_a`, `accuracy_b`; `only_a`, `only_b`: patients in whom only the one is right;
        `accuracy_difference` with its interval `_low`, `_high` (Bonett and Price), `p_mid`, `p_exact`; `auc_a`,
        `auc_b`, `auc_difference` with its interval, its `auc_method`, and DeLong's `auc_p`.
    """
    truth = pair.truth
    right_a, right_b = pair.a.decided == truth, pair.b.decided == truth
    tested = mcnemar(right_a, right_b)
    two = pair.a.given.shape[1] == 2
    areas = auc_difference(truth == 0, pair.a.given[:, 0], pair.b.given[:, 0]) if two else _mean_areas(pair, resampling)
    return as_row(
        {
            "n": truth.size,
            "accuracy_a": wilson(int(right_a.sum()), truth.size).value,
            "accuracy_b": wilson(int(right_b.sum()), truth.size).value,
            "only_a": tested.only_a,
            "only_b": tested.only_b,
            "accuracy_difference": tested.difference,
            "accuracy_difference_low": tested.low,
            "accuracy_difference_high": tested.high,
            "p_mid": tested.p_mid,
            "p_exact": tested.p_exact,
            "auc_a": areas.a,
            "auc_b": areas.b,
            "auc_difference": areas.difference,
            "auc_difference_low": areas.low,
            "auc_difference_high": areas.high,
            "auc_method": None if areas.low is None else "DeLong" if two else "percentile",
            "auc_p": areas.p,
        }
    )


def resampled_row(pair: Paired, resampling: Resampling) -> dict[str, str]:
    """Give the percentile intervals of both differences over patients: `resampled_accuracy_low` and so on."""
    sure_a, sure_b = (one_hot(side.decided, side.given.shape[1]) for side in (pair.a, pair.b))
    shares = bootstrap_difference(right_share, pair.truth, sure_a, sure_b, resampling)
    areas = bootstrap_difference(macro_auc, pair.truth, pair.a.given, pair.b.given, resampling)
    return as_row(
        {
            "resampled_accuracy_low": shares.low,
            "resampled_accuracy_high": shares.high,
            "resampled_auc_low": areas.low,
            "resampled_auc_high": areas.high,
        }
    )


def _mean_areas(pair: Paired, resampling: Resampling) -> AucDifference:
    if not pair.truth.size:
        return AucDifference()
    drawn = bootstrap_difference(macro_auc, pair.truth, pair.a.given, pair.b.given, resampling)
    a, b = (macro_auc(pair.truth, given) for given in (pair.a.given, pair.b.given))
    return AucDifference(a, b, drawn.value, drawn.low, drawn.high)
