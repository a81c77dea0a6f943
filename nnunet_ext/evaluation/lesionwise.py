"""Which lesions were found, which were missed, and which were invented."""

from dataclasses import dataclass

import numpy as np

from nnunet_ext.evaluation.lesions import Lesions, Meetings, find_lesions, meet
from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.overlap_rules import Verdict
from nnunet_ext.evaluation.preset import Preset


@dataclass(frozen=True, eq=False)
class LesionDetection:
    """Lesions counted one by one. Where a mask holds no lesion, the ratios are what the preset says.

    Parameters
    ----------
    preset
        That they were counted by.
    reference, predicted
        The lesions of each mask.
    meetings
        Where they meet.
    verdict
        What the preset's rule says of each.
    """

    preset: Preset
    reference: Lesions
    predicted: Lesions
    meetings: Meetings
    verdict: Verdict

    @property
    def ref_count(self) -> int:
        """Lesions in the reference."""
        return self.reference.count

    @property
    def pred_count(self) -> int:
        """Lesions in the prediction."""
        return self.predicted.count

    @property
    def true_positives(self) -> int:
        """Reference lesions that were found."""
        return int(np.count_nonzero(self.verdict.found))

    @property
    def false_positives(self) -> int:
        """Predicted lesions that are none; by some rules a poor match is neither true nor false."""
        return int(np.count_nonzero(self.verdict.false))

    @property
    def sensitivity(self) -> float:
        """``TP / (TP + FN)``, 0 to 1, higher is better."""
        value = self.true_positives / max(self.ref_count, 1)
        return self.preset.empty.lesion_sensitivity.apply(value, **self._counts)

    @property
    def ppv(self) -> float:
        """``TP / (TP + FP)``, 0 to 1, higher is better. No TP and no FP although neither is empty: 1."""
        counted = self.verdict.credited + self.false_positives
        value = self.verdict.credited / counted if counted else 1.0
        return self.preset.empty.lesion_ppv.apply(value, **self._counts)

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and predictive value; ``TP / (TP + (FP + FN) / 2)`` where TP is one number."""
        total = self.sensitivity + self.ppv
        value = 2 * self.sensitivity * self.ppv / total if total else 0.0
        return self.preset.empty.lesion_f1.apply(value, **self._counts)

    @property
    def _counts(self) -> dict[str, int]:
        return {
            "reference": self.ref_count,
            "prediction": self.pred_count,
            "smaller": self.reference.smaller,
        }


def detect_lesions(
    reference: BoolArray, prediction: BoolArray, voxel_volume_mm3: float, preset: Preset
) -> LesionDetection:
    """Find the lesions of two masks and match them by a preset.

    Masks of one shape (i, j, k), any axis order; what is no lesion by the preset is dropped from both first. An empty
    mask has no lesion.
    """
    there = find_lesions(reference, voxel_volume_mm3, preset.lesion)
    predicted = find_lesions(prediction, voxel_volume_mm3, preset.lesion)
    meetings = meet(there, predicted)
    return LesionDetection(preset, there, predicted, meetings, preset.rule.judge(meetings, voxel_volume_mm3))
