"""What cannot be right in a prediction, whatever the model says of itself."""

from enum import StrEnum
from typing import Final

import numpy as np

from nnunet_ext.cascade.box import Box
from nnunet_ext.core.cord_section import median_section_mm2
from nnunet_ext.core.labels import Mask
from nnunet_ext.core.rounding import at_least, more_than
from nnunet_ext.core.tube import SMALLEST_CORD_MM3
from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.lesions import LesionDefinition, Lesions, find_lesions

THINNEST_MM2: Final = 30.0
THICKEST_MM2: Final = 130.0
"""Of people's cords: 41 mm2 at T8 and 77 mm2 at C5 as ellipses of the mean diameters (8.3 x 6.3 and 13.3 x 7.4 mm), and
21 to 110 mm2 with one standard deviation off in both (Frostell et al. 2016, doi 10.3389/fneur.2016.00238); a slice that
cuts the cord aslant shows up to a fifth more."""

_PIECE: Final = LesionDefinition(connectivity=26)


class Alarm(StrEnum):
    """A word for the table."""

    EMPTY_CORD = "empty cord"
    BROKEN_CORD = "broken cord"
    THIN_CORD = "thin cord"
    THICK_CORD = "thick cord"
    LESION_OUTSIDE_CORD = "lesion outside cord"


def alarms(cord: Volume, lesion: Mask | None) -> tuple[Alarm, ...]:
    """Say what a person must look at.

    Parameters
    ----------
    cord
        The predicted cord as it would be handed out for correction, after post-processing, with the lesions in it; any
        orientation, voxels above 0.
    lesion
        Of the same shape; None where none was looked for.

    Returns
    -------
    tuple
        - empty cord: less than 50 mm3 of it; then nothing else is said of the cord.
        - broken cord: more than one piece (26 neighbours) of at least 50 mm3, one behind the other or side by side;
          smaller ones are specks.
        - thin, thick cord: the median section over the slices that have cord is below 30 or above 130 mm2. A section is
          the area of the cord's voxels in a slice across the body axis.
        - lesion outside cord: a lesion (26 neighbours) that has no voxel in the cord.
    """
    found: list[Alarm] = []
    there = cord.data > 0
    sizes = _pieces(there, cord.voxel_volume_mm3)[1].sizes * cord.voxel_volume_mm3
    if not at_least(float(sizes.sum()), SMALLEST_CORD_MM3):
        found.append(Alarm.EMPTY_CORD)
    else:
        if np.count_nonzero(at_least(sizes, SMALLEST_CORD_MM3)) > 1:
            found.append(Alarm.BROKEN_CORD)
        section = median_section_mm2(cord) or 0.0
        if not at_least(section, THINNEST_MM2):
            found.append(Alarm.THIN_CORD)
        if more_than(section, THICKEST_MM2):
            found.append(Alarm.THICK_CORD)
    if lesion is not None and _any_apart(lesion, there):
        found.append(Alarm.LESION_OUTSIDE_CORD)
    return tuple(found)


def _pieces(mask: Mask, voxel_volume_mm3: float) -> tuple[Box, Lesions]:
    """Find the pieces of a mask in the box that holds it."""
    box = Box.around(mask) or Box.whole(mask.shape)
    return box, find_lesions(mask[box.slices], voxel_volume_mm3, _PIECE)


def _any_apart(lesion: Mask, cord: Mask) -> bool:
    box, found = _pieces(lesion, 1)
    touched = np.unique(found.numbers[(found.numbers > 0) & cord[box.slices]])
    return touched.size < found.count
