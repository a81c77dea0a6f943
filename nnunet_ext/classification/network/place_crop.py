"""Where a box of fixed size around lesions lies."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.network.settings import CropSettings

BoolArray = npt.NDArray[np.bool_]
Point = tuple[float, float, float]

_UP = 2


def lesion_centred(lesion: BoolArray, cord: BoolArray, spacing: Point, settings: CropSettings) -> Point:
    """Give the middle of the box, in voxels.

    Parameters
    ----------
    lesion, cord
        Shape (x, y, z) along nibabel LAS; either may be empty.
    spacing
        mm along each axis.

    Returns
    -------
    tuple of float
        The middle of the lesions' bounding box; where that is longer than the crop, of those lesions that a box moved
        along the cord holds most of, the middlemost of equal ones. Without lesion the middle of the cord at its middle
        slice, without cord that of the image.
    """
    if lesion.any():
        return _middle(_longest_shown(lesion, settings.size[_UP] * settings.spacing[_UP] / spacing[_UP]))
    if cord.any():
        levels = np.flatnonzero(cord.any(axis=(0, 1)))
        level = int(levels[len(levels) // 2])
        x, y, _ = _middle(cord[:, :, level : level + 1])
        return x, y, float(levels[0] + levels[-1]) / 2
    x, y, z = ((length - 1) / 2 for length in lesion.shape)
    return x, y, z


def _longest_shown(lesion: BoolArray, length: float) -> BoolArray:
    """Blank the lesions beyond the stretch, of at most `length` slices, that holds most of them."""
    voxels = np.count_nonzero(lesion, axis=(0, 1))
    there = np.flatnonzero(voxels)
    first, last = int(there[0]), int(there[-1])
    slices = max(int(length), 1)
    if last - first < slices:
        return lesion
    sums = np.concatenate([[0], np.cumsum(voxels)])
    starts = np.arange(first, last - slices + 2)
    held = sums[starts + slices] - sums[starts]
    best = starts[held == held.max()]
    start = int(best[np.argmin(np.abs(best - best.mean()))])
    shown = np.zeros_like(lesion)
    shown[:, :, start : start + slices] = lesion[:, :, start : start + slices]
    return shown


def _middle(mask: BoolArray) -> Point:
    sides = [np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis))) for axis in range(3)]
    x, y, z = (float(side[0] + side[-1]) / 2 for side in sides)
    return x, y, z
