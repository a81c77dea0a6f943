"""One tissue map, painted into an image that some scanner might have made of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from nnunet_ext.phantom.cord import TissueMap
from nnunet_ext.phantom.painting.field_of_view import FieldShares, draw_field
from nnunet_ext.phantom.painting.look import FRONT, LEFT, UP, Look
from nnunet_ext.phantom.painting.pooled import pooled
from nnunet_ext.phantom.painting.stack import Stack
from nnunet_ext.phantom.smooth_noise import smooth_noise
from nnunet_ext.phantom.spine import Floats
from nnunet_ext.phantom.tissues import CORD_TISSUES, LESION_TISSUES, Tissue

_BIAS_MM: Final = 60.0
_BLOCKS_FROM: Final = 3.0  # nnU-Net repeats slices this many times as thick as a pixel, others it interpolates
_MAJORITY: Final = 0.5
_EMPTY_STD: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Painted:
    """An image and what is to be found in it; all of one shape.

    Parameters
    ----------
    image
        float32, mean 0 and standard deviation 1 over what is seen; elsewhere one value.
    cord, lesion
        True where at least half of a voxel is cord, lesions included, or lesion. Nothing outside of what is seen.
    unsure
        True where nobody could say whether it is cord: the medulla.
    """

    image: Floats
    cord: npt.NDArray[np.bool_]
    lesion: npt.NDArray[np.bool_]
    unsure: npt.NDArray[np.bool_]


def paint(
    tissue: TissueMap,
    pool: tuple[int, int, int],
    spacing: tuple[float, float, float],
    look: Look,
    fields: FieldShares,
    rng: np.random.Generator,
) -> Painted:
    """Paint an image of a tissue map.

    Parameters
    ----------
    tissue
        On fine voxels: upwards, forwards, leftwards; its shape a multiple of `pool`.
    pool
        Fine voxels in one voxel of the image, by axis: their mixture makes partial volumes.
    spacing
        Voxels of the image in mm.
    look
        From `draw_look`.
    fields
        What of it is seen.
    rng
        Chance of textures, noise, places.
    """
    affine = np.diag((*spacing, 1.0))
    image = _textured(tissue, pool, affine, look, rng)
    stack = _stack(look, image.shape, spacing, rng)
    cord, lesion, unsure = (
        _majority(tissue, chosen, pool, stack) for chosen in (CORD_TISSUES, LESION_TISSUES, (Tissue.MEDULLA,))
    )
    image = gaussian_filter(image, _point_spread(look, spacing, rng), truncate=2.5)
    image *= np.exp(_log_sensitivity(image.shape, spacing, affine, look, rng))
    if look.metal:
        image *= _metal(image.shape, spacing, rng)
    image = image if stack is None else stack.measure(image)
    image = _noisy(_with_ghost(image, look), look, rng)
    image = image if stack is None else stack.spread(image)
    seen = draw_field(cord, spacing, fields, rng)
    return Painted(
        image=_normalised(np.power(image, np.float32(look.gamma)), seen, rng),
        cord=cord & seen,
        lesion=lesion & seen,
        unsure=unsure & seen & ~cord,
    )


def _textured(
    tissue: TissueMap, pool: tuple[int, int, int], affine: npt.NDArray[np.float64], look: Look, rng: np.random.Generator
) -> Floats:
    image = pooled(tissue, look.brightness, pool)
    for rough, length_mm in zip(look.roughness, look.texture_mm, strict=True):
        if length_mm == 0:
            texture = rng.standard_normal(image.shape, dtype=np.float32)
        else:
            texture = smooth_noise(image.shape, affine, length_mm, rng)
            if look.clumped:
                texture = np.tanh(3 * texture)
        texture *= pooled(tissue, rough, pool)
        image += texture
    return np.maximum(image, 0, out=image)


def _majority(
    tissue: TissueMap, chosen: tuple[Tissue, ...], pool: tuple[int, int, int], stack: Stack | None
) -> npt.NDArray[np.bool_]:
    values = np.zeros(len(Tissue), dtype=np.float32)
    values[list(chosen)] = 1
    share = pooled(tissue, values, pool)
    if stack is not None:
        share = stack.spread(stack.measure(share))
    result: npt.NDArray[np.bool_] = share >= _MAJORITY
    return result


def _stack(
    look: Look, shape: tuple[int, ...], spacing: tuple[float, float, float], rng: np.random.Generator
) -> Stack | None:
    if look.slices is None or look.slices.thickness_mm <= spacing[look.slices.axis]:
        return None
    blocks = look.slices.thickness_mm > _BLOCKS_FROM * look.pixel_mm
    return Stack(look.slices, shape, spacing, float(rng.random()), blocks)


def _point_spread(look: Look, spacing: tuple[float, float, float], rng: np.random.Generator) -> list[float]:
    """Draw its standard deviations in voxels; across slices their thickness is all there is."""
    sigma_mm = look.pixel_mm * float(rng.uniform(0.35, 0.6))
    across = look.slices.axis if look.slices is not None else -1
    return [0.0 if axis == across else sigma_mm / mm for axis, mm in enumerate(spacing)]


def _log_sensitivity(
    shape: tuple[int, ...],
    spacing: tuple[float, float, float],
    affine: npt.NDArray[np.float64],
    look: Look,
    rng: np.random.Generator,
) -> Floats:
    field = smooth_noise(shape, affine, _BIAS_MM, rng) * np.float32(look.bias)
    fall = np.clip(_away(shape, spacing, look.coil_axis) * look.coil_sign / look.coil_mm, -1.2, 2.5)
    field -= _along(fall, look.coil_axis)
    if look.saturated:
        deep = _away(shape, spacing, FRONT) - rng.uniform(15, 40)
        field -= _along(2.0 / (1 + np.exp(-deep / 3)), FRONT)
    return field


def _metal(shape: tuple[int, ...], spacing: tuple[float, float, float], rng: np.random.Generator) -> Floats:
    """Draw a void behind or before the middle, with the bright rim of the signal that it displaced."""
    side = -1.0 if rng.random() < 0.7 else 1.0
    middle = {UP: rng.normal(0, 25), FRONT: side * rng.uniform(14, 32), LEFT: rng.normal(0, 8)}
    radius = {UP: rng.uniform(8, 24), FRONT: rng.uniform(6, 13), LEFT: rng.uniform(6, 14)}
    squares = [((_away(shape, spacing, axis) - middle[axis]) / radius[axis]) ** 2 for axis in (UP, FRONT, LEFT)]
    distance = np.sqrt(sum(_along(square, axis) for axis, square in enumerate(squares)))
    rim = np.float32(0.8) * np.exp(-(((distance - np.float32(1.15)) / np.float32(0.12)) ** 2))
    result: Floats = (1 / (1 + np.exp(-(distance - 1) * 12)) + rim).astype(np.float32)
    return result


def _with_ghost(image: Floats, look: Look) -> Floats:
    if look.ghost == 0:
        return image
    shift = max(int(look.ghost_share * image.shape[FRONT]), 1)
    result: Floats = image + np.float32(look.ghost) * np.roll(image, shift, axis=FRONT)
    return result


def _noisy(image: Floats, look: Look, rng: np.random.Generator) -> Floats:
    """Magnitude of a noisy signal (Gudbjartsson and Patz 1995, Magn Reson Med 34:910, eq. 1)."""
    real, imaginary = rng.standard_normal((2, *image.shape), dtype=np.float32) * np.float32(look.noise)
    result: Floats = np.hypot(image + real, imaginary)
    return result


def _normalised(image: Floats, seen: npt.NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Bring what is seen to mean 0 and deviation 1 or nearly so, as of a larger image; the rest is 0 or black.

    Where an image ends nnU-Net pads with 0, its mean.
    """
    values = image[seen]
    mean, deviation = float(values.mean()), max(float(values.std()), _EMPTY_STD)
    beyond = 0.0 if rng.random() < 0.8 else (0.0 - mean) / deviation
    stretched, shifted = float(np.exp(rng.normal(0, 0.15))), float(rng.normal(0, 0.15))
    result = np.full(image.shape, beyond, dtype=np.float32)
    result[seen] = (values - mean) / deviation * stretched + shifted
    return result


def _away(shape: tuple[int, ...], spacing: tuple[float, float, float], axis: int) -> npt.NDArray[np.floating]:
    """Measure the distance in mm from the middle along an axis."""
    return (np.arange(shape[axis]) - (shape[axis] - 1) / 2) * spacing[axis]


def _along(values: npt.NDArray[np.floating], axis: int) -> Floats:
    return np.asarray(values, dtype=np.float32).reshape([-1 if other == axis else 1 for other in range(3)])
