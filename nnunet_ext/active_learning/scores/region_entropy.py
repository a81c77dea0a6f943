"""How unsure a model is of a region, all passes taken together."""

from nnunet_ext.active_learning.scores.cord_zone import CordZone
from nnunet_ext.cascade.prediction.opinions import Opinions
from nnunet_ext.core.binary_entropy import binary_entropy


def region_entropy(opinions: Opinions, zone: CordZone) -> float:
    """Give the predictive entropy of a region: ``sum H(mean p) / voxels of the cord``.

    The sum goes over the zone and `H` is the binary entropy in nats, of the region alone: a probability of 0.9 inside
    a lesion is as doubtful as one of 0.1 beside it.

    Parameters
    ----------
    opinions
        Of the region, on the grid of the image.
    zone
        In which it is looked for.

    Returns
    -------
    float
        From 0, in nats for each voxel of the cord; 0 where the model is sure. It may exceed ln 2, as the zone is larger
        than the cord.
    """
    return float(binary_entropy(zone.take(opinions.mean)).sum(dtype="f8")) / zone.cord_voxels
