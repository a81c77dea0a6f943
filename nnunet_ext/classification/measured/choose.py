"""Which evidence to rely on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy.typing as npt

from nnunet_ext.classification.evidence import Evidence
from nnunet_ext.classification.judge.arrays import Values
from nnunet_ext.classification.judge.bootstrap_difference import bootstrap_difference
from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.resample import Resampling
from nnunet_ext.core.errors import DataRefusedError

SIMPLEST_FIRST: Final = tuple(map(str, Evidence))
"""The evidences; of two that are as good, the first can be questioned more easily."""


@dataclass(frozen=True)
class Recommendation:
    """The evidence that is recommended, and why.

    Parameters
    ----------
    evidence
        The simplest that is not significantly worse than the best.
    best
        That of the least log loss.
    losses
        Log loss of each, in nats, simplest first.
    behind
        For each other than the best how much larger its log loss is, with its 95 % interval.
    reason
        In words.
    """

    evidence: str
    best: str
    losses: Mapping[str, float]
    behind: Mapping[str, Estimate]
    reason: str


def recommend(
    truth: npt.ArrayLike, probabilities: Mapping[str, Values], resampling: Resampling | None = None
) -> Recommendation:
    """Recommend the simplest evidence that is not significantly worse than the best.

    An evidence is worse where the 95 % interval of the difference of log losses, by drawing patients, is above 0.

    Parameters
    ----------
    truth
        Shape (patients,), numbers of diagnoses.
    probabilities
        Of each evidence, out of fold, shape (patients, diagnoses).
    resampling
        How to draw; 2000 times with seed 0 where it is None.

    Raises
    ------
    DataRefusedError
        Where an evidence is not known, there is none, or no patient.
    """
    strange = [name for name in probabilities if name not in SIMPLEST_FIRST]
    if strange or not probabilities:
        found = strange[0] if strange else "none"
        raise DataRefusedError(f"evidences of {', '.join(SIMPLEST_FIRST)} were needed, found {found}")
    losses = {name: _loss(truth, probabilities[name]) for name in SIMPLEST_FIRST if name in probabilities}
    best = min(losses, key=lambda name: losses[name])
    drawn = resampling or Resampling()
    behind = {
        name: bootstrap_difference(log_loss, truth, probabilities[best], probabilities[name], drawn)
        for name in losses
        if name != best
    }
    evidence = next(name for name in losses if name == best or not _worse(behind[name]))
    return Recommendation(evidence, best, losses, behind, _reason(evidence, best, losses, behind))


def _loss(truth: npt.ArrayLike, probabilities: Values) -> float:
    found = log_loss(truth, probabilities)
    if found is None:
        raise DataRefusedError("a patient with out-of-fold probabilities was needed, found none")
    return found


def _worse(difference: Estimate) -> bool:
    return difference.low is not None and difference.low > 0


def _reason(evidence: str, best: str, losses: Mapping[str, float], behind: Mapping[str, Estimate]) -> str:
    if len(losses) == 1:
        return f"{evidence} is the only evidence (log loss {losses[evidence]:.3f})"
    simpler = [name for name in losses if SIMPLEST_FIRST.index(name) < SIMPLEST_FIRST.index(evidence)]
    refused = "".join(f"; {name} is simpler and worse by {_shown(behind[name])}" for name in simpler)
    if evidence == best:
        return f"{evidence} has the least log loss ({losses[best]:.3f}){refused}"
    return (
        f"{evidence} (log loss {losses[evidence]:.3f}) is simpler than {best}, the best ({losses[best]:.3f}), and not "
        f"significantly worse: by {_shown(behind[evidence])}{refused}"
    )


def _shown(difference: Estimate) -> str:
    interval = "" if difference.low is None else f" (95 % interval {difference.low:.3f} to {difference.high:.3f})"
    return f"{difference.value or 0.0:.3f}{interval}"
