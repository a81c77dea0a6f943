"""How the axes of nnU-Net's arrays lie in the body."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

DIRECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"S": "SI", "I": "SI", "A": "AP", "P": "AP", "L": "LR", "R": "LR"}
)
"""For each of nibabel's letters the direction of the body, whichever way it is gone along."""

_DIMENSIONS: Final = 3


def tensor_axis(letters: str, file_axes: str, transpose_forward: Sequence[int], dimensions: int) -> int | None:
    """Find the axis of a patch that runs along an anatomical direction.

    Parameters
    ----------
    letters
        Of both ends, such as ``SI``.
    file_axes
        nibabel's letters of the raw files, such as ``LAS``, as our converter writes them into `dataset.json`.
    transpose_forward
        Of the plans: which axis of the array as it was read stands at each place of the preprocessed one.
    dimensions
        Of the patch: 3, or 2 where nnU-Net takes slices across the first axis.

    Returns
    -------
    int or None
        None where slices run across that direction.

    Examples
    --------
    >>> tensor_axis("LR", "LAS", [0, 1, 2], 3)
    2
    """
    read_axes = file_axes[::-1]  # nnU-Net's nibabel reader turns (x, y, z) into (z, y, x)
    found = next(index for index, letter in enumerate(read_axes) if letter in letters)
    place = list(transpose_forward).index(found) - (_DIMENSIONS - dimensions)
    return place if place >= 0 else None


def patch_affine(file_axes: str, transpose_forward: Sequence[int], spacing: Sequence[float]) -> npt.NDArray[np.float64]:
    """Say how a patch of three dimensions lies in the body; where its origin is nobody knows.

    Parameters
    ----------
    file_axes, transpose_forward
        As for `tensor_axis`.
    spacing
        Of the patch, mm along each axis.

    Returns
    -------
    ndarray
        4 x 4, from voxels to millimetres to the right, front and top.

    Examples
    --------
    >>> patch_affine("LAS", [0, 1, 2], (3.0, 1.0, 1.0))[:3, :3].tolist()
    [[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [3.0, 0.0, 0.0]]
    """
    read_axes = file_axes[::-1]
    affine = np.eye(4)
    affine[:3, :3] = 0.0
    for axis, (read, mm) in enumerate(zip(transpose_forward, spacing, strict=True)):
        letter = read_axes[read]
        row = next(index for index, ends in enumerate(("RL", "AP", "SI")) if letter in ends)
        affine[row, axis] = mm if letter in "RAS" else -mm
    return affine
