"""Facts that give the diagnosis away without any image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.judge.arrays import checked_scores
from nnunet_ext.classification.judge.auc import auc
from nnunet_ext.classification.judge.auc_difference import AucDifference, auc_difference
from nnunet_ext.classification.judge.estimate import Estimate
from nnunet_ext.classification.judge.leaks.out_of_fold_share import out_of_fold_share
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import NOTHING


@dataclass(frozen=True)
class CovariateAlone:
    """What age, sex, site or any other single fact says of a diagnosis.

    Parameters
    ----------
    auc
        Area of the fact alone, cross-validated.
    model
        The model's area less this one, on the same patients; None without a model.
    findings
        `decides alone`: the lower end of the area is above 0.5 by more than the margin. `as good as the model`: the
        fact says something, and the model is not shown to say more. Empty where neither holds.
    """

    auc: Estimate
    model: AucDifference | None
    findings: tuple[str, ...]


def covariate_alone(
    positive: npt.ArrayLike,
    values: Sequence[float | None] | Sequence[str],
    scores: npt.ArrayLike | None = None,
    *,
    margin: float = 0.1,
    seed: int = 0,
) -> CovariateAlone:
    """Tell whether one fact decides a diagnosis alone, or as well as a model does.

    The fact is scored out of fold, see `out_of_fold_share`, with DeLong's interval over patients as if the folds were
    one model. Of a fact that says nothing the area is a little below 0.5, so it is seldom called a leak.

    Parameters
    ----------
    positive
        Shape (n,): who has the diagnosis.
    values
        Of each patient: numbers, None where missing; or words.
    scores
        Shape (n,), the model's, growing with the diagnosis.
    margin
        How far above 0.5 the lower end of the area must be.
    seed
        Of the folds.

    Returns
    -------
    CovariateAlone
        With fewer than two patients in a class, an area that is None, and nothing found.

    Raises
    ------
    DataRefusedError
        See `checked_scores`; or where there are more or fewer values than patients.
    """
    members, _ = checked_scores(positive, np.zeros(len(values)))
    facts = _facts(values)
    alone = out_of_fold_share(members, facts, seed)
    if alone is None:
        return CovariateAlone(Estimate.without_interval(None, members.size), None, ())
    area = auc(members, alone)
    model = None if scores is None else auc_difference(members, alone, scores)
    low = 0.0 if area.low is None else area.low
    findings = ["decides alone"] if low > 0.5 + margin else []
    if model is not None and low > 0.5 and (model.low is None or model.low <= 0):
        findings.append("as good as the model")
    return CovariateAlone(area, model, tuple(findings))


def _facts(values: Sequence[float | None] | Sequence[str]) -> npt.NDArray[Any]:
    if any(isinstance(value, str) for value in values):
        return np.array([NOTHING if value is None else str(value) for value in values])
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if np.isinf(numbers).any():
        raise DataRefusedError("finite numbers were needed, found infinity; leave such patients out, and say so")
    return numbers
