"""How thick a cord is."""

import numpy as np

from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.volume import Volume


def median_section_mm2(cord: Volume) -> float | None:
    """Measure the median section over the slices that have cord; None where none has.

    A section is the area of the cord's voxels in a slice across the body axis, in mm2.

    Parameters
    ----------
    cord
        Any orientation, voxels above 0.
    """
    axis = upright_axis(cord.axes)
    areas = (cord.data > 0).sum(axis=tuple(other for other in range(3) if other != axis))
    if not areas.any():
        return None
    return float(np.median(areas[areas > 0])) * cord.voxel_volume_mm3 / cord.spacing[axis]
