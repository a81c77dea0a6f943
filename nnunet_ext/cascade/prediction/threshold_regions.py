"""From probabilities to masks, with a threshold other than nnU-Net's."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.labels import Labelling, Masks


def threshold_regions(
    probabilities: Mapping[str, npt.NDArray[np.float32]], regions: Labelling, threshold: float
) -> Masks:
    """Take the voxels with a probability above a threshold.

    Parameters
    ----------
    probabilities
        Of each region, shape (i, j, k).
    regions
        How they lie in each other. Overlapping ones are each held against the threshold and then drawn over each
        other as nnU-Net does, so that a cord holds its lesions. Of regions beside each other a voxel can only belong
        to the most probable.
    threshold
        Not included. One half gives nnU-Net's own masks where the regions overlap.
    """
    if regions.overlap:
        return regions.take(regions.draw({name: probabilities[name] > threshold for name in regions.names}))
    best = np.argmax(np.stack([probabilities[name] for name in regions.names]), axis=0)
    return {name: (best == index) & (probabilities[name] > threshold) for index, name in enumerate(regions.names)}
