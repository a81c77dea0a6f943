"""The agreement of raters over all cases."""

from collections.abc import Sequence

import numpy as np

from nnunet_ext.core.as_row import as_row
from nnunet_ext.evaluation.agreement.confidence_interval import ConfidenceInterval
from nnunet_ext.evaluation.agreement.intraclass import intraclass
from nnunet_ext.evaluation.agreement.raters import RaterAgreement
from nnunet_ext.evaluation.agreement.values import standard_deviation


def rater_summary(rows: Sequence[RaterAgreement]) -> list[dict[str, str]]:
    """Summarise each rater against each consensus and each other rater.

    Parameters
    ----------
    rows
        Of all cases.

    Returns
    -------
    list of dict
        The rows of `raters_summary.tsv`, in the order of the first case. Cases in which both masks are empty score a
        Dice of 1; they are counted, and a second mean leaves them out.
    """
    groups: dict[tuple[str, str], list[RaterAgreement]] = {}
    for row in rows:
        groups.setdefault((row.rater, row.against), []).append(row)
    return [_summary(rater, against, group) for (rater, against), group in groups.items()]


def volume_agreement(rows: Sequence[RaterAgreement]) -> tuple[float | None, ConfidenceInterval]:
    """Give the intraclass correlation of the raters' volumes over the cases; see `intraclass`."""
    volumes: dict[str, dict[str, float]] = {}
    for row in rows:
        volumes.setdefault(row.case, {})[row.rater] = row.volume_mm3
    table = np.array([list(of_case.values()) for of_case in volumes.values()], dtype=np.float64)
    return intraclass(table.reshape(len(volumes), -1) if volumes else np.zeros((0, 0)))


def _summary(rater: str, against: str, rows: Sequence[RaterAgreement]) -> dict[str, str]:
    dice = np.array([row.dice for row in rows])
    drawn = np.array([row.volume_mm3 + row.against_volume_mm3 > 0 for row in rows])
    return as_row(
        {
            "rater": rater,
            "against": against,
            "n_cases": len(rows),
            "n_both_empty": int((~drawn).sum()),
            "mean_dice": float(dice.mean()),
            "sd_dice": standard_deviation(dice),
            "mean_dice_drawn": float(dice[drawn].mean()) if drawn.any() else None,
            "mean_volume_difference_mm3": float(np.mean([row.volume_mm3 - row.against_volume_mm3 for row in rows])),
        }
    )
