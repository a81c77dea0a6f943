"""Lesions are paired one to one by intersection over union."""

from dataclasses import dataclass

import numpy as np

from nnunet_ext.core.errors import UsageError
from nnunet_ext.evaluation.lesions import Counts, Meetings
from nnunet_ext.evaluation.overlap_rule import Verdict


@dataclass(frozen=True)
class IouRule:
    """Pair each lesion with at most one of the other mask (panoptica's naive threshold matching).

    Parameters
    ----------
    iou
        Least intersection over union of a pair, above 0 up to 1, inclusive.
    """

    iou: float

    def __post_init__(self) -> None:
        if not 0 < self.iou <= 1:
            raise UsageError(f"iou must lie above 0 and up to 1, found {self.iou}")

    def pairs(self, meetings: Meetings) -> Counts:
        """Choose pairs greedily, the best first; gives their indices into the meetings."""
        chosen: list[int] = []
        taken_reference: set[int] = set()
        taken_predicted: set[int] = set()
        iou = meetings.iou
        for pair in np.argsort(-iou, kind="stable"):
            reference, predicted = int(meetings.reference[pair]), int(meetings.predicted[pair])
            if iou[pair] < self.iou:
                break
            if reference not in taken_reference and predicted not in taken_predicted:
                chosen.append(int(pair))
                taken_reference.add(reference)
                taken_predicted.add(predicted)
        return np.asarray(chosen, dtype=np.int64)

    def judge(self, meetings: Meetings, voxel_volume_mm3: float) -> Verdict:
        """Judge by voxels; their volume does not matter."""
        del voxel_volume_mm3
        chosen = self.pairs(meetings)
        found = np.zeros(len(meetings.reference_sizes), dtype=np.bool_)
        false = np.ones(len(meetings.predicted_sizes), dtype=np.bool_)
        found[meetings.reference[chosen]] = True
        false[meetings.predicted[chosen]] = False
        return Verdict(found, false, len(chosen))

    @property
    def words(self) -> dict[str, str]:
        """Say what TP, FN and FP mean."""
        return {
            "TP": f"pairs of a reference and a predicted lesion, each in one pair, of IoU {self.iou:g} or more",
            "FN": "reference lesions in no pair",
            "FP": "predicted lesions in no pair",
        }
