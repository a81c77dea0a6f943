"""How much lesion a model finds."""

from dataclasses import dataclass
from typing import Final

from nnunet_ext.cascade.box import Box
from nnunet_ext.core.labels import CORD, Labelling, Mask
from nnunet_ext.evaluation.lesions import LesionDefinition, find_lesions

_ANY: Final = LesionDefinition(connectivity=26)


@dataclass(frozen=True)
class LesionSize:
    """The lesions of a mask together: volume in mm3, and how many (26 neighbours, of any size)."""

    volume_mm3: float
    count: int


def lesion_size(lesion: Mask, voxel_volume_mm3: float) -> LesionSize:
    """Measure a predicted lesion mask, shape (i, j, k); an empty one has 0 of both."""
    box = Box.around(lesion)
    if box is None:
        return LesionSize(0.0, 0)
    found = find_lesions(lesion[box.slices], voxel_volume_mm3, _ANY)
    return LesionSize(float(found.sizes.sum()) * voxel_volume_mm3, found.count)


def lesion_region(regions: Labelling) -> str | None:
    """Name the region that stands for the lesion: of all but the cord the one of most labels, the first of several.

    Returns
    -------
    str or None
        `lesion` of the target `cord-lesion`, `whole` of `tumor`; None where there is the cord alone.
    """
    others = [name for name in regions.names if name != CORD]
    return max(others, key=lambda name: len(regions.values[name]), default=None)
