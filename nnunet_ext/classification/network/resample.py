"""Sampling an array on a box of other voxels, without aliasing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.network.settings import CropSettings
from nnunet_ext.core.volume import Affine, Array

Weights = npt.NDArray[np.float64]
Region = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Sampling:
    """How a box is sampled.

    Parameters
    ----------
    inside
        The part of the array that it takes anything from.
    weights
        For each axis an array of shape (voxels of the box, voxels of that part); rows sum to 1, or are 0 beyond the
        array.
    affine
        4 x 4, voxel of the box to voxel of the array.
    """

    inside: Region
    weights: tuple[Weights, Weights, Weights]
    affine: Affine

    @property
    def size(self) -> tuple[int, int, int]:
        """Voxels of the box along each axis."""
        x, y, z = (len(one) for one in self.weights)
        return x, y, z


def sampling(
    shape: Sequence[int], spacing: Sequence[float], centre: Sequence[float], settings: CropSettings
) -> Sampling:
    """Lay a box into an array.

    Along each axis a voxel of the box is the mean of those of the array around it, weighted by a triangle as wide as
    the larger voxel to both sides: linear interpolation where the box is the finer one, and else such a mean that all
    voxels count (the usual antialiased linear filter).

    Parameters
    ----------
    shape, spacing
        Of the array; mm along each axis.
    centre
        Of the box, in voxels of the array.
    """
    parts, weights = [], []
    affine = np.eye(4)
    for axis, (voxels, step) in enumerate(zip(settings.size, settings.spacing, strict=True)):
        ratio = step / spacing[axis]
        places = centre[axis] + (np.arange(voxels, dtype=np.float64) - (voxels - 1) / 2) * ratio
        inside, row = _one_axis(places, int(shape[axis]), max(ratio, 1.0))
        parts.append(inside)
        weights.append(row)
        affine[axis, axis], affine[axis, 3] = ratio, places[0]
    return Sampling((parts[0], parts[1], parts[2]), (weights[0], weights[1], weights[2]), affine)


def resampled(values: Array, grid: Sampling, *, cut: bool = False) -> Weights:
    """Sample an array; beyond it 0.

    Parameters
    ----------
    values
        Shape (x, y, z) of the whole array; with `cut` of the part `grid.inside` alone.
    """
    found = np.asarray(values if cut else values[grid.inside], dtype=np.float64)
    for axis, weights in enumerate(grid.weights):
        found = np.moveaxis(np.tensordot(weights, found, axes=(1, axis)), 0, axis)
    return found


def _one_axis(places: Weights, length: int, reach: float) -> tuple[slice, Weights]:
    weights = np.clip(1 - np.abs(places[:, None] - np.arange(length)) / reach, 0, None)
    weights[(places < -0.5) | (places > length - 0.5)] = 0
    total = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    used = np.flatnonzero(weights.any(axis=0))
    inside = slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)
    return inside, np.ascontiguousarray(weights[:, inside])
