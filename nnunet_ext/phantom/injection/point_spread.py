"""How much an image blurs what it shows, beyond its own voxels."""

from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, gaussian_filter

from nnunet_ext.core.volume import Affine, Array
from nnunet_ext.phantom.injection.cord_course import BoolArray
from nnunet_ext.phantom.spine import Floats

Spread = tuple[float, float, float]
"""Standard deviation of the point spread along each array axis, in voxels."""

_TRIED: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)  # voxels
_ACROSS_SLICES: Final = 0.2  # a slice's profile, beyond the slice: scanners cut slices nearly square
_LEAST: Final = 0.25  # no scanner is sharper than its voxels
_OUTLINE: Final = 0.35  # what a mask of whole voxels seems to blur by itself, in voxels
_BAND: Final = 2  # voxels to each side of the cord's border that are looked at
_FINE: Final = 1.5
_ENOUGH: Final = 50  # voxels


def estimate_point_spread(image: Array, cord: BoolArray, affine: Affine) -> Spread:
    """Estimate the point spread from how sharply the cord stands out from the fluid.

    Of several widths that is taken for which the cord's blurred mask goes along best with the image about the cord's
    border. Along axes more than half as coarse again as the finest, those across slices, no border can be seen and
    the profile of a slice is assumed.

    Parameters
    ----------
    image, cord
        Shape (i, j, k), cut down to the cord with some millimetres around it.
    affine
        4 x 4, voxel to world in mm.
    """
    spacing = nib.affines.voxel_sizes(affine)
    fine = np.asarray(spacing) <= _FINE * min(spacing)
    cross = np.zeros((3, 3, 3), dtype=bool)
    cross[1, 1, 1] = True
    for axis in np.flatnonzero(fine):
        cross[tuple(slice(None) if other == axis else 1 for other in range(3))] = True
    band = binary_dilation(cord, cross, iterations=_BAND) & binary_dilation(~cord, cross, iterations=_BAND)
    band = _upright(band, cord, np.flatnonzero(~fine))
    shown = image[band].astype(np.float64)
    likeness = [_likeness(shown, gaussian_filter(cord.astype(np.float32), np.where(fine, s, 0))[band]) for s in _TRIED]
    best = _TRIED[int(np.argmax(likeness))]
    within = float(np.sqrt(max(best**2 - _OUTLINE**2, _LEAST**2)))
    x, y, z = (within if is_fine else _ACROSS_SLICES for is_fine in fine)
    return x, y, z


def _upright(band: BoolArray, cord: BoolArray, across: npt.NDArray[np.intp]) -> BoolArray:
    """Keep places where the border runs straight through the slices: a slanting one is blurred by their thickness."""
    kept = band
    for axis in across:
        for step in (-1, 1):
            kept = kept & (np.roll(cord, step, axis) == cord)
    return kept if np.count_nonzero(kept) >= _ENOUGH else band


def _likeness(shown: npt.NDArray[np.float64], expected: Floats) -> float:
    """Give the correlation, whatever its sign: fluid may be brighter or darker."""
    if not shown.size or np.ptp(shown) == 0 or np.ptp(expected) == 0:
        return 0.0
    return abs(float(np.corrcoef(shown, expected)[0, 1]))
