"""What the passes know against each other: the doubt that more training cases can take away."""

import numpy as np

from nnunet_ext.active_learning.scores.cord_zone import CordZone
from nnunet_ext.cascade.prediction.opinions import Opinions
from nnunet_ext.core.binary_entropy import binary_entropy


def bald(opinions: Opinions, zone: CordZone) -> float:
    """Give the mutual information between a region and the pass: ``sum (H(mean p) - mean H(p)) / voxels of the cord``.

    BALD, "Bayesian active learning by disagreement" (Houlsby et al. 2011, arXiv 1112.5745, eq. 2), with the passes in
    place of draws of the weights, and with the binary entropy of the region alone.

    Parameters
    ----------
    opinions
        Of the region, on the grid of the image.
    zone
        In which it is looked for.

    Returns
    -------
    float
        From 0, in nats for each voxel of the cord; 0 where all passes say the same, however unsure.
    """
    mean, entropy = (zone.take(array) for array in (opinions.mean, opinions.entropy))
    information = binary_entropy(mean.astype(np.float64)) - entropy
    return float(np.maximum(information, 0).sum()) / zone.cord_voxels  # below 0 by rounding alone
