"""Where the viewer looks: at a lesion, else at the cord."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from nnunet_ext.report.planes import BoolArray
from nnunet_ext.report.review.shown_case import ShownCase

Point = tuple[float, float, float]
"""Millimetres in the space of the file's affine."""


@dataclass(frozen=True)
class Places:
    """Points of a case.

    Parameters
    ----------
    first
        Where the viewer opens; None without any mask.
    lesions
        Number to a point in the middle of that lesion.
    """

    first: Point | None
    lesions: tuple[tuple[int, Point], ...]


def find_places(case: ShownCase) -> Places:
    """Find the largest lesion of the reference, else of the prediction by the cord, else the cord's middle, and all."""
    lesions: tuple[tuple[int, Point], ...] = ()
    if case.lesions is not None:
        numbers = np.unique(case.lesions[case.lesions > 0]).tolist()
        lesions = tuple((number, _middle(case, case.lesions == number)) for number in numbers)
    innermost = [case.masks[role][-1] for role in ("reference", "prediction") if role in case.masks]
    asked = [mask & case.anchor.body for mask in innermost] if len(case.names) > 1 else []
    mask = next((one for one in (*asked, case.anchor.guide) if one.any()), None)
    return Places(None if mask is None else _middle(case, _largest(mask)), lesions)


def _largest(mask: BoolArray) -> BoolArray:
    numbers, count = ndimage.label(mask, np.ones((3, 3, 3)))
    return mask if count < 2 else np.asarray(numbers == np.bincount(numbers.ravel())[1:].argmax() + 1)


def _middle(case: ShownCase, mask: BoolArray) -> Point:
    """Give the voxel of a mask that lies nearest to its centre: a bent one may have its centre outside."""
    voxels = np.argwhere(mask)
    spacing = np.asarray(case.image.spacing)
    nearest = voxels[np.argmin((((voxels - voxels.mean(axis=0)) * spacing) ** 2).sum(axis=1))]
    x, y, z = (case.image.affine @ [*nearest, 1.0])[:3].tolist()
    return round(x, 3), round(y, 3), round(z, 3)
