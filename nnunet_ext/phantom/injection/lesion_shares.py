"""Which share of each voxel is which lesion tissue: supersampled, so that borders and thick slices mix."""

from collections.abc import Sequence
from typing import Final

import nibabel as nib
import numpy as np

from nnunet_ext.core.volume import Affine
from nnunet_ext.phantom.injection.cord_course import BoolArray, CordCourse
from nnunet_ext.phantom.lesions import Blob
from nnunet_ext.phantom.spine import Floats
from nnunet_ext.phantom.tissues import Tissue

_FINE_MM: Final = 0.45  # how densely a voxel is sampled
_MOST_SAMPLES: Final = 8  # along an axis
_REACH_MM: Final = 1.0


def lesion_shares(
    blobs: Sequence[Blob], course: CordCourse, cord: BoolArray, affine: Affine, fine_mm: float = _FINE_MM
) -> dict[Tissue, Floats]:
    """Say how much of each voxel of the cord each lesion tissue fills.

    Parameters
    ----------
    blobs
        Later ones lie over earlier ones.
    course
        Of this cord, or of one that it is a part of.
    cord
        Shape (i, j, k); what reaches beyond it is cut off.
    affine
        4 x 4, voxel to world in mm.
    fine_mm
        How far apart samples lie at most, unless that would be more than 8 along an axis; at least 2 there are.

    Returns
    -------
    dict
        For each tissue of the blobs the share, 0 to 1, float32, shape (i, j, k). Shares of a voxel sum up to 1 or less.
    """
    voxels = np.argwhere(cord)
    down, _, _ = course.place(nib.affines.apply_affine(affine, voxels))
    spacing = nib.affines.voxel_sizes(affine)
    reach = _REACH_MM + float(max(spacing))
    near = np.zeros(len(voxels), dtype=bool)
    for blob in blobs:
        upper, lower = blob.extent_mm
        near |= (down > upper - reach) & (down < lower + reach)
    voxels = voxels[near]
    offsets = _offsets(spacing, fine_mm)
    points = (voxels[:, None, :] + offsets[None]).reshape(-1, 3)
    places = course.place(nib.affines.apply_affine(affine, points))
    painted = np.zeros(len(points), dtype=np.uint8)
    for blob in blobs:
        painted[blob.covers(*places)] = blob.tissue
    of_voxels = painted.reshape(len(voxels), len(offsets))
    shares = {}
    for tissue in dict.fromkeys(blob.tissue for blob in blobs):
        share = np.zeros(cord.shape, dtype=np.float32)
        share[tuple(voxels.T)] = (of_voxels == tissue).mean(axis=1)
        shares[tissue] = share
    return shares


def _offsets(spacing: Affine, fine_mm: float) -> Floats:
    """Place samples evenly within a voxel, in voxels from its middle; shape (n, 3)."""
    counts = [int(np.clip(np.ceil(mm / fine_mm), 2, _MOST_SAMPLES)) for mm in spacing]
    axes = [(np.arange(count) + 0.5) / count - 0.5 for count in counts]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float32)
