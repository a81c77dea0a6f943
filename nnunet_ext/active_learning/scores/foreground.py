"""How much of an image a model takes for something."""

from collections.abc import Sequence

import numpy as np

from nnunet_ext.cascade.box import Box
from nnunet_ext.core.labels import Masks, union
from nnunet_ext.core.volume import Array


def foreground(masks: Masks, images: Sequence[Array]) -> float:
    """Give the share of the image that is in any predicted region; the weight of predicted-foreground random.

    Parameters
    ----------
    masks
        Of each region, at least one, shape (i, j, k).
    images
        Of each channel. What counts as the image is the smallest box that holds every voxel that is not 0 in all of
        them, as nnU-Net crops it: planes of zeros around it change nothing.

    Returns
    -------
    float
        From 0 to 1; 0 where nothing is predicted, and of an image of zeros.
    """
    seen = Box.around(union(image != 0 for image in images))
    return np.count_nonzero(union(masks.values())) / seen.voxels if seen is not None else 0.0
