"""Lesion voxels outside the cord, and what is done about them."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from nnunet_ext.dataset_conversion.profile import OutsidePolicy

_CORD: Final = "sc"
_LESION: Final = "lesion"


def lesion_voxels_outside(masks: Mapping[str, Array]) -> int | None:
    """Count lesion voxels that are not cord; None where not both are annotated."""
    if _CORD not in masks or _LESION not in masks:
        return None
    return int(np.count_nonzero((masks[_LESION] > 0) & (masks[_CORD] == 0)))


def settle_outside(masks: Mapping[str, Array], policy: OutsidePolicy) -> tuple[Mapping[str, Array], list[str]]:
    """Do with lesion voxels outside the cord what the policy says, and say so.

    Parameters
    ----------
    masks
        Of each annotated class, shape (i, j, k); voxels above 0 belong to it. Where cord or lesion is missing nothing
        is done; an empty cord has every lesion voxel outside.
    policy
        What to do.

    Raises
    ------
    DataRefusedError
        Where the policy is `error`, or clipping would leave no lesion.
    """
    outside = lesion_voxels_outside(masks)
    if not outside:
        return masks, []
    found = f"{outside} lesion voxels outside the cord"
    cord, lesion = masks[_CORD] > 0, masks[_LESION] > 0
    if policy == "error":
        raise DataRefusedError(f"{found}: mend the masks, or change lesion_outside_cord")
    if policy == "extend_cord":
        return {**masks, _CORD: (cord | lesion).astype(np.uint8)}, [f"{found} made cord"]
    if policy == "clip":
        if not (lesion & cord).any():
            raise DataRefusedError(f"{found} are all that there are, and clipping would leave none; look at both masks")
        return {**masks, _LESION: (lesion & cord).astype(np.uint8)}, [f"{found} removed"]
    return masks, [f"{found} kept"]
