"""Which lesions were found, which were missed, and which were invented."""

from dataclasses import dataclass

import cc3d
import numpy as np
import numpy.typing as npt

from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.preset import Preset

Labels = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class LesionDetection:
    """Lesions counted one by one.

    The ratios and their rules for empty masks are those of MetricsReloaded as SCIsegV2 used it.

    Parameters
    ----------
    ref_count, pred_count
        Lesions in the reference, and in the prediction.
    true_positives
        Reference lesions that were found.
    false_positives
        Predicted lesions without a voxel in any reference lesion. A predicted lesion that touches a reference lesion
        without covering enough of it is neither a true nor a false positive.
    """

    ref_count: int
    pred_count: int
    true_positives: int
    false_positives: int

    @property
    def false_negatives(self) -> int:
        """Reference lesions that were missed."""
        return self.ref_count - self.true_positives

    @property
    def sensitivity(self) -> float:
        """``TP / (TP + FN)``, 0 to 1, higher is better. Empty reference: 1. Only the prediction empty: 0."""
        return self.true_positives / self.ref_count if self.ref_count else 1.0

    @property
    def ppv(self) -> float:
        """``TP / (TP + FP)``, 0 to 1, higher is better. Both empty: 1. One empty: 0. No TP and no FP otherwise: 1."""
        if self.ref_count and not self.pred_count:
            return 0.0
        counted = self.true_positives + self.false_positives
        return self.true_positives / counted if counted else 1.0

    @property
    def f1(self) -> float:
        """``TP / (TP + (FP + FN) / 2)``, 0 to 1, higher is better. Both empty: 1. One empty: 0."""
        counted = self.true_positives + (self.false_positives + self.false_negatives) / 2
        return self.true_positives / counted if counted else 1.0


def detect_lesions(
    reference: BoolArray, prediction: BoolArray, voxel_volume_mm3: float, preset: Preset
) -> LesionDetection:
    """Count lesions, and match those of the prediction to those of the reference.

    A lesion is a connected component. One of the reference is found where predicted voxels, of however many predicted
    lesions, cover at least ``preset.overlap`` of it (MetricsReloaded, pairwise_measures, lesion-wise measures).

    Parameters
    ----------
    reference, prediction
        Masks of one shape (i, j, k), any axis order.
    voxel_volume_mm3
        Volume of one voxel, in mm3.
    preset
        Connectivity, smallest lesion and overlap. Too small components are dropped from both masks first.

    Returns
    -------
    LesionDetection
        Counts; an empty mask has no lesion.
    """
    reference_lesions, ref_sizes = _lesions(reference, voxel_volume_mm3, preset)
    predicted_lesions, pred_sizes = _lesions(prediction, voxel_volume_mm3, preset)
    covered = _voxels_per_lesion(reference_lesions[predicted_lesions > 0], len(ref_sizes))
    touching = _voxels_per_lesion(predicted_lesions[reference_lesions > 0], len(pred_sizes))
    return LesionDetection(
        ref_count=len(ref_sizes),
        pred_count=len(pred_sizes),
        true_positives=int(np.count_nonzero(covered / ref_sizes >= preset.overlap)),
        false_positives=int(np.count_nonzero(touching == 0)),
    )


def _lesions(mask: BoolArray, voxel_volume_mm3: float, preset: Preset) -> tuple[Labels, npt.NDArray[np.int64]]:
    """Mark the lesions 1, 2, ... and give the voxels of each."""
    components, count = cc3d.connected_components(mask, connectivity=preset.connectivity, return_N=True)
    sizes = _voxels_per_lesion(components, count)
    # A lesion of exactly the smallest volume stays, although its volume was rounded on the way here.
    kept = sizes * voxel_volume_mm3 >= preset.smallest_lesion_mm3 * (1 - 1e-6)
    new_number = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.uint32)
    return new_number[components], sizes[kept]


def _voxels_per_lesion(labels: npt.NDArray[np.unsignedinteger], count: int) -> npt.NDArray[np.int64]:
    return np.bincount(labels.ravel(), minlength=count + 1)[1:]
