"""Which voxels belong to which lesion."""

from typing import Final

import cc3d
import numpy as np

from nnunet_ext.evaluation.biomarkers.body_frame import BoolArray, Labels

CONNECTIVITY: Final = 18
"""Voxels that share a face or an edge are of one lesion: scikit-image's connectivity 2 in 3-D."""


def label_lesions(mask: BoolArray) -> Labels:
    """Give each lesion of a mask its number, as SCT does.

    Parameters
    ----------
    mask
        Shape (x, y, z) along nibabel LAS. It may be cut out of a larger one: the numbers do not change.

    Returns
    -------
    array
        uint32, same shape. A lesion is a component of 18-connected voxels; lesions are numbered by their first voxel in
        the order of the array, x slowest: from right to left. An empty mask has none.
    """
    components = np.ascontiguousarray(cc3d.connected_components(mask, connectivity=CONNECTIVITY))
    found, first = np.unique(components.ravel(), return_index=True)
    order = np.argsort(first[found > 0])
    number = np.zeros(int(found.max(initial=0)) + 1, dtype=np.uint32)
    number[found[found > 0][order]] = np.arange(1, order.size + 1, dtype=np.uint32)
    labels: Labels = number[components]
    return labels


def count_components(mask: BoolArray) -> int:
    """Count the 18-connected components of a mask; 0 where it is empty."""
    return int(cc3d.connected_components(mask, connectivity=CONNECTIVITY, return_N=True)[1])
