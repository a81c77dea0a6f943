"""How far two masks agree voxel by voxel."""

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]


def dice(reference: BoolArray, prediction: BoolArray) -> float:
    """Dice similarity: twice the common voxels over the voxels of both.

    ``2 |R and P| / (|R| + |P|)`` (Dice 1945; MetricsReloaded, Maier-Hein et al. 2024).

    Parameters
    ----------
    reference, prediction
        Masks of one shape, any axis order.

    Returns
    -------
    float
        0 (no common voxel) to 1 (the same mask); higher is better. Both empty: 1. One of them empty: 0.
    """
    total = np.count_nonzero(reference) + np.count_nonzero(prediction)
    if total == 0:
        return 1.0
    return 2.0 * np.count_nonzero(reference & prediction) / total


def relative_volume_error(reference: BoolArray, prediction: BoolArray) -> float:
    """Volume of the prediction against that of the reference, signed, in percent.

    ``100 (|P| - |R|) / |R|``. All voxels are of one size, so their number stands for the volume.

    Parameters
    ----------
    reference, prediction
        Masks of one shape, any axis order.

    Returns
    -------
    float
        -100 and up, in percent; 0 is best, below it the prediction is too small. Both empty: 0. Only the reference
        empty: +100, whatever the prediction's size (there is nothing to relate it to; the value is MetricsReloaded's).
        Only the prediction empty: -100.
    """
    wanted, found = np.count_nonzero(reference), np.count_nonzero(prediction)
    if wanted == 0:
        return 0.0 if found == 0 else 100.0
    return 100.0 * (found - wanted) / wanted
