"""Two classifiers, or one under two conditions, on the same patients."""

from dataclasses import dataclass

from nnunet_ext.classification.evaluated.figure_table import one_hot, right_share
from nnunet_ext.classification.judge.arrays import Classes, Values
from nnunet_ext.classification.judge.auc_difference import AucDifference, auc_difference
from nnunet_ext.classification.judge.bootstrap_difference import bootstrap_difference
from nnunet_ext.classification.judge.macro_auc import macro_auc
from nnunet_ext.classification.judge.mcnemar import mcnemar
from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.classification.judge.wilson import wilson
from nnunet_ext.core.as_row import as_row


@dataclass(frozen=True, eq=False)
class Paired:
    """Decisions and probabilities of both, and the truth.

    Parameters
    ----------
    truth
        Shape (n,).
    decided_a, given_a, decided_b, given_b
        Shapes (n,) and (n, branches).
    """

    truth: Classes
    decided_a: Classes
    given_a: Values
    decided_b: Classes
    given_b: Values


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
    right_a, right_b = pair.decided_a == truth, pair.decided_b == truth
    tested = mcnemar(right_a, right_b)
    two = pair.given_a.shape[1] == 2
    areas = auc_difference(truth == 0, pair.given_a[:, 0], pair.given_b[:, 0]) if two else _mean_areas(pair, resampling)
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
    sure = (one_hot(decided, pair.given_a.shape[1]) for decided in (pair.decided_a, pair.decided_b))
    shares = bootstrap_difference(right_share, pair.truth, *sure, resampling)
    areas = bootstrap_difference(macro_auc, pair.truth, pair.given_a, pair.given_b, resampling)
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
    drawn = bootstrap_difference(macro_auc, pair.truth, pair.given_a, pair.given_b, resampling)
    a, b = (macro_auc(pair.truth, given) for given in (pair.given_a, pair.given_b))
    return AucDifference(a, b, drawn.value, drawn.low, drawn.high)
