"""How far apart the masks are that the passes would draw."""

import math
from itertools import combinations

import numpy as np

from nnunet_ext.active_learning.scores.cord_zone import CordZone
from nnunet_ext.cascade.prediction.opinions import Opinions
from nnunet_ext.evaluation.overlap import dice


def disagreement(opinions: Opinions, zone: CordZone) -> float:
    """Give ``1 - mean Dice`` over all pairs of passes, of the voxels to which a pass gives more than one half.

    Parameters
    ----------
    opinions
        Of the region, on the grid of the image.
    zone
        In which the masks are compared.

    Returns
    -------
    float
        From 0, where all draw the same, to 1. Two passes that both find nothing agree; where one alone finds something
        they disagree wholly, as `evaluation.overlap.dice` has it: so of a small lesion that half of the passes see this
        is large. NaN of a single pass.
    """
    votes = zone.take(opinions.votes)
    votes = votes[votes > 0]
    masks = [((votes >> np.uint8(number)) & np.uint8(1)).astype(np.bool_) for number in range(opinions.count)]
    pairs = [dice(one, other) for one, other in combinations(masks, 2)]
    return 1 - sum(pairs) / len(pairs) if pairs else math.nan
