"""The cord of nested labels: the tube with the lesions that touch it, without those that lie apart."""

from collections.abc import Mapping
from typing import Final

import cc3d
import numpy as np
from scipy import ndimage

from nnunet_ext.core.labels import CORD, Labelling, Mask, Masks, union

_NEIGHBOURS: Final = 26


def cord_alone(cord: Mask, lesion: Mask) -> Mask:
    """Leave out of a cord the pieces that are nothing but lesion: in nested labels every lesion is cord, too.

    Parameters
    ----------
    cord, lesion
        Shape (i, j, k). A piece is made of cord voxels that touch (26 neighbours).

    Returns
    -------
    array
        The cord itself where its largest piece is nothing but lesion, and nobody can tell which of them are cord; an
        empty one is empty.
    """
    (box,) = ndimage.find_objects(cord.view(np.uint8)) or (None,)
    if box is None:
        return cord
    near, found = cord[box], lesion[box]  # components of a whole-spine scan would take gigabytes
    pieces, count = cc3d.connected_components(near, connectivity=_NEIGHBOURS, return_N=True)
    keep = np.zeros(count + 1, dtype=np.bool_)
    keep[pieces[near & ~found]] = True
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    if not keep[1 + sizes[1:].argmax()]:
        return cord
    kept = np.zeros_like(cord)
    kept[box] = keep[pieces]
    return kept


def without_stray_lesions(masks: Mapping[str, Mask], regions: Labelling) -> Masks:
    """Take lesions that lie apart from the cord out of the cord's mask, see `cord_alone`; they stay lesions.

    Parameters
    ----------
    masks
        Of each region, shape (i, j, k).
    regions
        How they lie in each other; where no lesion lies in a cord all stays as it is.
    """
    if not regions.lesions:
        return dict(masks)
    return {**masks, CORD: cord_alone(masks[CORD], union(masks[name] for name in regions.lesions))}
