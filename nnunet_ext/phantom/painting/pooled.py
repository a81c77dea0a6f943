"""From fine voxels to an image's own."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.cord import TissueMap
from nnunet_ext.phantom.spine import Floats


def pooled(tissue: TissueMap, values: npt.NDArray[np.floating], pool: tuple[int, int, int]) -> Floats:
    """Give each voxel the mean over its fine voxels of what their tissues have.

    Parameters
    ----------
    tissue
        Tissue map on the fine grid; its shape a multiple of `pool`.
    values
        One entry a `Tissue`.
    pool
        Fine voxels in one along each axis.

    Returns
    -------
    ndarray
        float32 of the fine shape divided by `pool`.
    """
    table = np.zeros(256, dtype=np.float32)
    table[: len(values)] = np.asarray(values, dtype=np.float32) / np.float32(np.prod(pool))
    total = np.zeros([size // step for size, step in zip(tissue.shape, pool, strict=True)], dtype=np.float32)
    for first in np.ndindex(*pool):
        total += table[tissue[tuple(slice(start, None, step) for start, step in zip(first, pool, strict=True))]]
    return total
