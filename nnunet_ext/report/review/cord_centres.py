"""Where the cord is in each axial slice."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.report.planes import BoolArray

Floats = npt.NDArray[np.float64]

_CORD_MM: Final = 12.0  # no cord reaches farther from its centre


def cord_centres(guide: BoolArray, cord: BoolArray, spacing: Sequence[float]) -> Floats:
    """Give the centre of the guide in each slice; beyond it, follow what goes on, slice by slice.

    Parameters
    ----------
    guide
        What is taken for the cord, along left-right, back-front and down-up; not empty.
    cord
        Of that shape: what leads on where the guide ends.
    spacing
        Voxel size along these axes, in mm.

    Returns
    -------
    array
        Shape (slices, 2): along left-right and back-front, in voxels from the edge. Where nothing goes on, the centre
        stays. What lies farther than 12 mm from the middle of a slice's voxels, a speck of the mask, does not count.
    """
    start = int(np.flatnonzero(guide.any(axis=(0, 1)))[0])
    centres = np.zeros((guide.shape[2], 2))
    centres[start] = _around_the_median(guide[:, :, start], spacing)
    for before, level in [
        *((level - 1, level) for level in range(start + 1, len(centres))),
        *((level + 1, level) for level in range(start - 1, -1, -1)),
    ]:
        own = guide[:, :, level]
        there = _around_the_median(own, spacing) if own.any() else None
        centres[level] = _around(cord[:, :, level], centres[before], spacing) if there is None else there
    return centres


def _around_the_median(mask: BoolArray, spacing: Sequence[float]) -> Floats:
    return _around(mask, np.median(np.argwhere(mask) + 0.5, axis=0), spacing)


def _around(mask: BoolArray, point: Floats, spacing: Sequence[float]) -> Floats:
    """Give the mean of the voxels around a point; the point where there are none."""
    places = np.argwhere(mask) + 0.5
    near = places[np.hypot(*((places - point) * np.asarray(spacing[:2])).T) <= _CORD_MM]
    return near.mean(axis=0) if len(near) else point
