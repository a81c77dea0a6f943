"""Opinions of passes that are written down, and the zone in which they are scored."""

from collections.abc import Sequence

import numpy as np

from nnunet_ext.active_learning.scores.cord_zone import CordZone
from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.opinions import Opinions, OpinionSums, PassKind
from nnunet_ext.core.volume import Array


def opined(*passes: Sequence[float] | Array) -> Opinions:
    """Give what passes say of the voxels of a row, or of an image."""
    sums = OpinionSums(PassKind.FOLDS, len(passes))
    for one in passes:
        values = np.asarray(one, np.float32)
        sums.add({"sc": values.reshape(values.shape if values.ndim == 3 else (-1, 1, 1))})
    return sums.told()["sc"]


def all_of(opinions: Opinions, cord_voxels: int = 1) -> CordZone:
    """Score every voxel."""
    shape = opinions.mean.shape
    return CordZone(Box.whole(shape), np.ones(shape, np.bool_), cord_voxels)
