"""What kind of image it is: how bright the cord and what is around it are, and how large the voxels."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.cascade.box import Box, Margins
from nnunet_ext.core.labels import Mask
from nnunet_ext.core.volume import Array, Volume

Fingerprint = npt.NDArray[np.float64]
"""Five quantiles of each channel, then three logarithms of voxel sizes."""

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_AROUND: Final = Margins(superior=0, inferior=0, left=10, right=10, anterior=10, posterior=10)


def fingerprint(images: Sequence[Volume], cord: Mask | None) -> Fingerprint:
    """Describe an image by what a scanner's protocol decides.

    Parameters
    ----------
    images
        One for each channel, on one grid, in any orientation.
    cord
        Predicted or drawn, shape (i, j, k). Where there is none, or it is empty, the whole image stands in its place.

    Returns
    -------
    array
        Of each channel the quantiles 5, 25, 50, 75 and 95 % within 10 mm around the cord's box, in standard deviations
        from the mean of the whole image; zeros are left out of both, as many images are zero around the body. Then the
        natural logarithms of the voxel sizes in mm, sorted, so that the order of axes does not matter.
    """
    grid = images[0]
    tube = None if cord is None else Box.around(cord)
    box = Box.whole(grid.data.shape) if tube is None else tube.grown(_AROUND, grid)
    quantiles = [_quantiles(image.data[image.data != 0], image.data[box.slices]) for image in images]
    return np.concatenate([*quantiles, np.sort(np.log(grid.spacing))])


def _quantiles(whole: Array, near: Array) -> Fingerprint:
    inside = near[near != 0]
    if not inside.size:
        return np.zeros(len(QUANTILES))
    mean, deviation = float(np.mean(whole, dtype=np.float64)), float(np.std(whole, dtype=np.float64))
    found: Fingerprint = (np.quantile(inside.astype(np.float64), QUANTILES) - mean) / (deviation or 1.0)
    return found
