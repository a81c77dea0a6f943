"""How far two masks agree voxel by voxel."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class VoxelCounts:
    """Voxels of two masks, from which every voxel-wise metric follows.

    Parameters
    ----------
    reference, prediction
        Voxels of each mask.
    common
        Voxels of both.
    """

    reference: int
    prediction: int
    common: int

    @property
    def dice(self) -> float:
        """``2 |R and P| / (|R| + |P|)`` (Dice 1945), 0 to 1, higher is better. Both empty: 1. One of them empty: 0."""
        total = self.reference + self.prediction
        return 2.0 * self.common / total if total else 1.0

    @property
    def precision(self) -> float:
        """``|R and P| / |P|``, 0 to 1, higher is better. Prediction empty: NaN, there is nothing to be right about."""
        return self.common / self.prediction if self.prediction else math.nan

    @property
    def sensitivity(self) -> float:
        """``|R and P| / |R|``, 0 to 1, higher is better. Reference empty: NaN."""
        return self.common / self.reference if self.reference else math.nan

    @property
    def relative_volume_error(self) -> float:
        """``100 (|P| - |R|) / |R|``, in percent, signed: below 0 the prediction is too small.

        Both empty: 0. Only the reference empty: +100, whatever the prediction's size, as there is nothing to relate it
        to (MetricsReloaded's value). Only the prediction empty: -100.
        """
        if self.reference == 0:
            return 0.0 if self.prediction == 0 else 100.0
        return 100.0 * (self.prediction - self.reference) / self.reference


def count_voxels(reference: BoolArray, prediction: BoolArray) -> VoxelCounts:
    """Count the voxels of two masks of one shape, any axis order; an empty mask has none."""
    return VoxelCounts(
        int(np.count_nonzero(reference)),
        int(np.count_nonzero(prediction)),
        int(np.count_nonzero(reference & prediction)),
    )


def dice(reference: BoolArray, prediction: BoolArray) -> float:
    """Give the Dice similarity of two masks of one shape; see `VoxelCounts.dice`."""
    return count_voxels(reference, prediction).dice
