"""How unsure a model is of a region where it believes in it."""

import numpy as np

from nnunet_ext.active_learning.scores.cord_zone import CordZone
from nnunet_ext.cascade.prediction.opinions import Opinions
from nnunet_ext.core.binary_entropy import binary_entropy


def class_entropy(opinions: Opinions, zone: CordZone) -> float:
    """Give the entropy weighted by the probability: ``sum H(mean p) mean p / voxels of the cord``.

    The class-balanced entropy of ClaSP PE (arXiv 2601.13677; `class_pred_entropy` of nnActive f09a05c: the entropy
    times the probability of each class), with the binary entropy of the region in place of that over all classes. A
    query that is shared out over the regions by it takes cases for the doubt about the lesion, which the cord's border
    would drown otherwise.

    Parameters
    ----------
    opinions
        Of the region, on the grid of the image.
    zone
        In which it is looked for.

    Returns
    -------
    float
        From 0, in nats for each voxel of the cord; at most `region_entropy`.
    """
    mean = zone.take(opinions.mean).astype(np.float64)
    return float((binary_entropy(mean) * mean).sum()) / zone.cord_voxels
