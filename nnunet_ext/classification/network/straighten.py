"""Putting a bent cord upright in the sagittal plane, so that a narrow box holds all that is along it."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from nnunet_ext.core.volume import Array

BoolArray = npt.NDArray[np.bool_]
Shifts = npt.NDArray[np.intp]

_SMOOTHED_MM: Final = 20.0


def bend_of(cord: BoolArray, step_mm: float) -> Shifts:
    """Give for each axial slice by how many voxels to the front its cord lies of that in the cord's middle slice.

    Parameters
    ----------
    cord
        Shape (x, y, z) along nibabel LAS; of an empty one all is 0.
    step_mm
        From slice to slice; the course is the mean over 20 mm.
    """
    voxels = np.count_nonzero(cord, axis=(0, 1))
    there = np.flatnonzero(voxels)
    if there.size == 0:
        return np.zeros(len(voxels), dtype=np.intp)
    profile = np.count_nonzero(cord, axis=0)[:, there]
    middles = (np.arange(len(profile))[:, None] * profile).sum(axis=0) / voxels[there]
    course = np.interp(np.arange(len(voxels)), there, middles)
    smooth = np.rint(uniform_filter1d(course, max(round(_SMOOTHED_MM / step_mm), 1), mode="nearest")).astype(np.intp)
    return np.asarray(smooth - smooth[there[len(there) // 2]])


def straightened(values: Array, bend: Shifts) -> Array:
    """Move each axial slice back by whole voxels; of what comes in from beyond masks are empty, images their border."""
    rows = np.arange(values.shape[1])[:, None] + bend
    within = np.clip(rows, 0, values.shape[1] - 1)
    moved = np.take_along_axis(values, within[None], axis=1)
    return np.asarray(moved & (rows == within)) if values.dtype == np.bool_ else moved
