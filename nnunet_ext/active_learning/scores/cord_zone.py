"""Where an image is scored: in the predicted cord, and a little beyond it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from nnunet_ext.cascade.box import Box
from nnunet_ext.core.labels import Mask
from nnunet_ext.core.rounding import more_than
from nnunet_ext.core.volume import Array

REACH_MM: Final = 3.0
"""About as far as the wall of the canal: what is doubtful beyond it is not the cord's border."""


@dataclass(frozen=True, eq=False)
class CordZone:
    """The voxels that are scored.

    Parameters
    ----------
    box
        That holds them, in the voxels of the image: only there anything is computed.
    inside
        Which voxels of the box they are, bool.
    cord_voxels
        Number of the cord's own, by which scores are normalised: the doubt in a cord's voxel, whatever the length of
        the cord in the image and whatever air is around it.
    """

    box: Box
    inside: Mask
    cord_voxels: int

    def take(self, values: Array) -> Array:
        """Give the values of the zone's voxels, one after the other, of an array on the grid of the image."""
        taken: Array = values[self.box.slices][self.inside]
        return taken


def cord_zone(cord: Mask, spacing: tuple[float, float, float], reach_mm: float = REACH_MM) -> CordZone | None:
    """Find the zone around a predicted cord.

    Parameters
    ----------
    cord
        Shape (i, j, k), any orientation.
    spacing
        Of the array axes, in mm.
    reach_mm
        How far the zone reaches beyond the cord; along an axis of thicker voxels one voxel, so that the slice beyond
        the last one with cord is looked at, too. Distances are those between the middles of voxels, in the metric in
        which the reach along each axis is 1.

    Returns
    -------
    CordZone or None
        None where there is no cord: there is nothing to normalise by, and every score of it is missing.
    """
    tube = Box.around(cord)
    if tube is None:
        return None
    reaches = [max(reach_mm, mm) for mm in spacing]
    steps = [mm / reach for mm, reach in zip(spacing, reaches, strict=True)]
    wide = [int(1 / step) + 1 for step in steps]
    grown = Box.of((start - by, stop + by) for (start, stop), by in zip(tube.ends, wide, strict=True))
    box = grown.common(Box.whole(cord.shape))
    near = cord[box.slices]
    distance = ndimage.distance_transform_edt(~near, sampling=steps)
    return CordZone(box, ~more_than(distance, 1.0), int(np.count_nonzero(near)))
