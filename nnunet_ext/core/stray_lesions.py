"""The cord of nested labels: the tube with the lesions that touch it, without those that lie apart."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from nnunet_ext.core.components import components
from nnunet_ext.core.labels import CORD, Labelling, Mask, Masks, union
from nnunet_ext.core.rounding import at_least
from nnunet_ext.core.tube import largest_tube
from nnunet_ext.core.volume import Affine, Array, Volume

_NEIGHBOURS: Final = 26
_MOSTLY: Final = 0.5  # a lesion that a network finds has cord around it, as thin as the lesion is uncertain


def cord_alone(cord: Mask, lesion: Mask, affine: Affine) -> Mask:
    """Leave out of a cord the lesions that lie apart from it: in nested labels every lesion is cord, too.

    A piece is made of cord voxels that touch (26 neighbours). Pieces that are nothing but lesion are no cord; nor are
    those of which at least half is lesion, the rest being a rim around it, unless they are part of the cord's largest
    tube (see `largest_tube`, here of the pieces that are more than lesion): a severe injury with a thin rim, parted
    from the rest by a gap, is cord.

    Parameters
    ----------
    cord, lesion
        Shape (i, j, k), in any orientation; they are not written to.
    affine
        4 x 4, voxel to world in mm.

    Returns
    -------
    array
        The cord itself where a piece that is nothing but lesion is as large as the tube, and nobody can tell which of
        them is the cord; an empty one is empty. Where the lesion lay in the cord, and is put back into what is
        returned, as a label map has it, the same is left again.
    """
    (box,) = ndimage.find_objects(cord.view(np.uint8)) or (None,)
    if box is None:
        return cord
    near = cord[box]  # components of a whole-spine scan would take gigabytes
    pieces, count = components(near, _NEIGHBOURS)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    beside = np.bincount(pieces[near & ~lesion[box]], minlength=count + 1)
    mostly = at_least(1 - beside / np.maximum(sizes, 1), _MOSTLY)
    mostly[0] = False
    if not mostly.any():
        return cord
    more_than_lesion = beside > 0
    tube = _in_tube(pieces, more_than_lesion, affine)
    if sizes[mostly & ~more_than_lesion].max(initial=0) >= sizes[tube].sum():
        return cord
    kept = np.zeros_like(cord)
    kept[box] = (more_than_lesion & (tube | ~mostly))[pieces]
    return kept


def _in_tube(pieces: Array, chosen: npt.NDArray[np.bool_], affine: Affine) -> npt.NDArray[np.bool_]:
    """Tell by number which of the chosen pieces the largest tube is made of."""
    tube = np.zeros_like(chosen)
    tube[pieces[largest_tube(Volume(chosen[pieces], affine))]] = True
    return tube


def without_stray_lesions(masks: Mapping[str, Mask], regions: Labelling, affine: Affine) -> Masks:
    """Take lesions that lie apart from the cord out of the cord's mask, see `cord_alone`; they stay lesions.

    Parameters
    ----------
    masks
        Of each region, shape (i, j, k).
    regions
        How they lie in each other; where no lesion lies in a cord all stays as it is.
    affine
        4 x 4, voxel to world in mm.
    """
    if not regions.lesions:
        return dict(masks)
    return {**masks, CORD: cord_alone(masks[CORD], union(masks[name] for name in regions.lesions), affine)}
