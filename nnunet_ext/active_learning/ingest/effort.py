"""How much of a mask a rater changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from nnunet_ext.core.labels import Mask
from nnunet_ext.evaluation.lesions import LesionDefinition, find_lesions, meet

_OBJECT: Final = LesionDefinition(connectivity=26)


@dataclass(frozen=True)
class Effort:
    """What was changed. Accepting a mask as it stands changes nothing: all are 0.

    Parameters
    ----------
    voxels_changed
        In one of the two masks and not in the other.
    slices
        Numbers of the slices in which there are such voxels.
    objects_added, objects_removed
        Parts of the corrected mask (26 neighbours) that share no voxel with the mask before, and the other way round.
    volume_change_mm3
        Of the corrected mask less that before.
    """

    voxels_changed: int = 0
    slices: frozenset[int] = frozenset()
    objects_added: int = 0
    objects_removed: int = 0
    volume_change_mm3: float = 0.0

    def cells(self) -> dict[str, str]:
        """Give the columns of a table."""
        return {
            "voxels_changed": str(self.voxels_changed),
            "slices_changed": str(len(self.slices)),
            "objects_added": str(self.objects_added),
            "objects_removed": str(self.objects_removed),
            "volume_change_mm3": f"{self.volume_change_mm3:.6g}",
        }


EFFORT_COLUMNS: Final = tuple(Effort().cells())


def effort(before: Mask, after: Mask, voxel_volume_mm3: float, axis: int) -> Effort:
    """Measure what changed one mask into another.

    Parameters
    ----------
    before, after
        Shape (i, j, k), on one grid; either may be empty.
    voxel_volume_mm3
        Of one voxel.
    axis
        Array axis across which slices are counted.
    """
    changed = before ^ after
    if not changed.any():
        return Effort()
    across = tuple(other for other in range(changed.ndim) if other != axis)
    (box,) = ndimage.find_objects((before | after).view(np.uint8))  # whole spines are mostly empty
    old, new = (find_lesions(mask[box], voxel_volume_mm3, _OBJECT) for mask in (before, after))
    met = meet(old, new)
    return Effort(
        voxels_changed=int(np.count_nonzero(changed)),
        slices=frozenset(map(int, np.flatnonzero(changed.any(axis=across)))),
        objects_added=new.count - len(set(met.predicted.tolist())),
        objects_removed=old.count - len(set(met.reference.tolist())),
        volume_change_mm3=(int(np.count_nonzero(after)) - int(np.count_nonzero(before))) * voxel_volume_mm3,
    )


def total(efforts: Iterable[Effort]) -> Effort:
    """Add up what was changed in the masks of several regions of a case; a slice counts once."""
    found = list(efforts)
    return Effort(
        voxels_changed=sum(one.voxels_changed for one in found),
        slices=frozenset().union(*(one.slices for one in found)),
        objects_added=sum(one.objects_added for one in found),
        objects_removed=sum(one.objects_removed for one in found),
        volume_change_mm3=sum(one.volume_change_mm3 for one in found),
    )
