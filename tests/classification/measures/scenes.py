"""Analytic cords with lesions, sampled on any grid."""

from dataclasses import dataclass, replace

import numpy as np

from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Array, Volume

Point = tuple[float, float, float]

HALVES = (6.5, 4.5)
"""Half-diameters of the cord to the side and to the back, in mm."""

LENGTH = 120.0
EIGHT = ("LAS", "RAS", "LPI", "RPI", "ASL", "PIR", "SAR", "ILP")


@dataclass(frozen=True)
class Ellipsoid:
    """A lesion: its middle from the middle of the cord in mm (left, front, up), and its half-axes."""

    middle: Point = (0.0, 0.0, 0.0)
    halves: Point = (2.0, 1.5, 10.0)


@dataclass(frozen=True)
class Scene:
    lesion: Volume
    cord: Volume
    image: Array
    levels: Array

    def turned(self, axes: str) -> "Scene":
        """Give the very same voxels in another order."""
        arrays = (reorient(replace(self.cord, data=data), axes) for data in (self.image, self.levels))
        image, levels = (volume.data for volume in arrays)
        return Scene(reorient(self.lesion, axes), reorient(self.cord, axes), image, levels)


def scene(
    *lesions: Ellipsoid,
    spacing: Point = (0.5, 0.5, 1.0),
    lean: tuple[float, float] = (0.0, 0.0),
    swollen: float = 1.0,
    bright: float = 5.0,
    blur_mm: float = 0.0,
    seed: int = 0,
) -> Scene:
    """Draw a straight cord of 120 mm, which may lean to the left and to the front (mm per mm), and its lesions.

    `swollen` widens both half-diameters within 15 mm of the middle. The image is 100 in the cord, with noise of 1, and
    `bright` more in the lesions, rising over `blur_mm` on both sides of their border. A vertebra is 20 mm high, the
    first of six is number 3.
    """
    size = [round((side + 8) / step) for side, step in zip((26.0, 22.0, LENGTH), spacing, strict=True)]
    affine = np.diag([-spacing[0], spacing[1], spacing[2], 1.0])
    x, y, z = (
        (index - (count - 1) / 2) * step for index, count, step in zip(np.indices(size), size, spacing, strict=True)
    )
    x, y = x - lean[0] * z, y - lean[1] * z
    wide = np.where(np.abs(z) <= 15, swollen, 1.0)
    cord = ((x / HALVES[0]) ** 2 + (y / HALVES[1]) ** 2 <= wide**2) & (np.abs(z) <= LENGTH / 2)
    mask, inside = np.zeros(size, dtype=np.bool_), np.zeros(size)
    for lesion in lesions:
        away = (np.stack([x, y, z], -1) - lesion.middle) / lesion.halves
        radius = np.sqrt((away**2).sum(axis=-1))
        mask |= radius <= 1
        from_border = (1 - radius) * min(lesion.halves)
        inside = np.maximum(inside, _rise(from_border, blur_mm))
    noise = np.random.default_rng(seed).normal(size=size)
    levels = np.where(cord, 3 + np.floor((LENGTH / 2 - z) / 20), 0)
    return Scene(
        Volume(mask.astype(np.uint8), affine),
        Volume(cord.astype(np.uint8), affine),
        100 + bright * inside + noise,
        levels.astype(np.int16),
    )


def _rise(from_border: Array, blur_mm: float) -> Array:
    if blur_mm == 0:
        return np.asarray((from_border >= 0).astype(np.float64))
    return np.asarray(np.clip(from_border / (2 * blur_mm) + 0.5, 0, 1))
