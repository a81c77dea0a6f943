"""Panoptic quality: recognised, and how well outlined."""

import math
from dataclasses import dataclass
from typing import Final

from nnunet_ext.evaluation.lesions import Meetings
from nnunet_ext.evaluation.overlap_rules import IouRule

MATCH: Final = IouRule(iou=0.5)
"""The matching that panoptic quality is defined by."""


@dataclass(frozen=True)
class PanopticQuality:
    """Panoptic quality and its two factors, each 0 to 1, higher is better.

    Parameters
    ----------
    rq
        Recognition quality, ``TP / (TP + (FP + FN) / 2)``. Both masks empty: NaN. One: 0.
    sq
        Segmentation quality, the mean intersection over union of the pairs. Both empty: NaN. No pair: 0.
    """

    rq: float
    sq: float

    @property
    def pq(self) -> float:
        """``RQ x SQ``."""
        return self.rq * self.sq


def panoptic_quality(meetings: Meetings) -> PanopticQuality:
    """Compute panoptic quality (Kirillov et al. 2019; panoptica) from the meetings of lesions of 26 neighbours."""
    lesions = len(meetings.reference_sizes) + len(meetings.predicted_sizes)
    if lesions == 0:
        return PanopticQuality(math.nan, math.nan)
    pairs = MATCH.pairs(meetings)
    if not len(pairs):
        return PanopticQuality(0.0, 0.0)
    return PanopticQuality(2 * len(pairs) / lesions, float(meetings.iou[pairs].mean()))
