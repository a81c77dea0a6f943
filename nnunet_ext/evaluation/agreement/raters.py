"""How far several raters agree on one case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from nnunet_ext.evaluation.overlap import BoolArray, dice

Fuse = Callable[[Mapping[str, Array]], Array]
"""Makes one mask of those of several raters."""

OF_OTHERS: Final = "_of_others"
"""Ends the name of a consensus that the rater had no part in."""


@dataclass(frozen=True)
class RaterAgreement:
    """One rater against another mask of the same case.

    Parameters
    ----------
    case, rater
        Who drew what.
    against
        Name of a consensus, of a consensus of the other raters (`majority_of_others`), or of another rater.
    dice
        See `overlap.dice`; both empty: 1.
    sensitivity, positive_predictive_value
        Share of the other mask that the rater drew, and of the rater's mask that the other one holds; None where that
        mask is empty.
    specificity
        Share of the voxels outside the other mask that the rater left out; None where there is none. It grows with the
        background.
    volume_mm3, against_volume_mm3
        Of the rater's mask, and of the other one.
    """

    case: str
    rater: str
    against: str
    dice: float
    sensitivity: float | None
    positive_predictive_value: float | None
    specificity: float | None
    volume_mm3: float
    against_volume_mm3: float


def rater_agreement(
    case: str, masks: Mapping[str, Array], consensus: Mapping[str, Fuse], voxel_volume_mm3: float
) -> list[RaterAgreement]:
    """Compare each rater with a consensus of all, with one of the others, and with each other rater.

    A rater who is part of a consensus agrees with himself in it; the consensus of the others is the fair measure, and
    the other one the usual.

    Parameters
    ----------
    case
        Its identifier.
    masks
        For each rater a mask, of one shape (i, j, k) on one grid; what is not zero is drawn.
    consensus
        Name to how masks are fused.
    voxel_volume_mm3
        Of one voxel.

    Returns
    -------
    list of RaterAgreement
        Rater by rater, in the order given; every pair of raters once.

    Raises
    ------
    DataRefusedError
        With fewer than two raters, or masks of different shapes.
    """
    if len(masks) < 2 or len({mask.shape for mask in masks.values()}) != 1:
        found = ", ".join(f"{name} {mask.shape}" for name, mask in masks.items()) or "none"
        raise DataRefusedError(f"{case}: masks of one shape by two raters at least were needed, found {found}")
    drawn = {name: np.asarray(mask != 0) for name, mask in masks.items()}
    of_all = {name: np.asarray(fuse(masks) != 0) for name, fuse in consensus.items()}
    rows = []
    for rater, mask in drawn.items():
        others = {name: other for name, other in masks.items() if name != rater}
        targets = dict(of_all)
        targets |= {f"{name}{OF_OTHERS}": np.asarray(fuse(others) != 0) for name, fuse in consensus.items()}
        rows += [_compare(case, rater, mask, name, target, voxel_volume_mm3) for name, target in targets.items()]
    pairs = combinations(drawn, 2)
    return rows + [_compare(case, one, drawn[one], two, drawn[two], voxel_volume_mm3) for one, two in pairs]


def _compare(
    case: str, rater: str, mask: BoolArray, against: str, target: BoolArray, voxel_volume_mm3: float
) -> RaterAgreement:
    common, own, wanted = (int(np.count_nonzero(voxels)) for voxels in (mask & target, mask, target))
    outside = mask.size - wanted
    return RaterAgreement(
        case=case,
        rater=rater,
        against=against,
        dice=dice(target, mask),
        sensitivity=common / wanted if wanted else None,
        positive_predictive_value=common / own if own else None,
        specificity=(outside - (own - common)) / outside if outside else None,
        volume_mm3=own * voxel_volume_mm3,
        against_volume_mm3=wanted * voxel_volume_mm3,
    )
