"""Cords and lesions made of boxes, along nibabel LAS."""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.core.volume import Affine, Volume
from nnunet_ext.evaluation.biomarkers.lesion_biomarkers import CaseBiomarkers
from nnunet_ext.evaluation.biomarkers.measure_case import measure_case

Mask = npt.NDArray[np.uint8]
Box = tuple[tuple[int, int, int], tuple[int, int, int]]

SHAPE: Final = (16, 18, 14)
LAS: Final = np.diag([-1.0, 1.0, 1.0, 1.0])


def boxes(*given: Box, shape: tuple[int, int, int] = SHAPE) -> Mask:
    """Draw boxes, each by its first voxel and its size."""
    mask = np.zeros(shape, dtype=np.uint8)
    for start, size in given:
        mask[tuple(slice(at, at + length) for at, length in zip(start, size, strict=True))] = 1
    return mask


def straight_cord(shape: tuple[int, int, int] = SHAPE) -> Mask:
    """Draw a cord of 7 by 8 voxels through all slices: its middle lies in slice 8 from right to left."""
    return boxes(((5, 5, 0), (7, 8, shape[2])), shape=shape)


def leaning_cord(shape: tuple[int, int, int] = SHAPE) -> Mask:
    """Draw a cord that runs forwards and to the left."""
    mask = np.zeros(shape, dtype=np.uint8)
    for at in range(shape[2]):
        mask[3 + at // 4 : 10 + at // 4, 2 + at // 2 : 10 + at // 2, at] = 1
    return mask


def measure(
    lesion: Mask, cord: Mask | None = None, affine: Affine = LAS, nli_slice: int | None = None
) -> CaseBiomarkers:
    """Measure a case."""
    return measure_case(Volume(lesion, affine), cord, nli_slice)
