"""Masks for the tests of metrics."""

from collections.abc import Sequence

import numpy as np

from nnunet_ext.evaluation.overlap import BoolArray

SHAPE = (12, 12, 12)


def blank(shape: tuple[int, int, int] = SHAPE) -> BoolArray:
    return np.zeros(shape, dtype=np.bool_)


def block(*ranges: tuple[int, int], shape: tuple[int, int, int] = SHAPE) -> BoolArray:
    mask = blank(shape)
    mask[tuple(slice(*limits) for limits in ranges)] = True
    return mask


def turned(mask: BoolArray, axes: Sequence[int], flipped: int) -> BoolArray:
    return np.flip(mask.transpose(axes), flipped)


LESION = block((2, 4), (2, 4), (1, 11))
"""40 voxels."""
SPLIT = block((2, 4), (2, 4), (1, 7)) | block((2, 4), (2, 4), (8, 11))
"""The same predicted in two pieces, of 24 and 12 voxels."""
SPECK = block((8, 9), (8, 9), (5, 7))
"""2 voxels."""
EDGE = block((2, 4), (2, 4), (2, 4)) | block((4, 6), (4, 6), (2, 4))
"""Two blocks that share an edge."""
