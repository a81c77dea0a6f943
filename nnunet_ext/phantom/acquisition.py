"""From a tissue map to the image that a scanner would have made of it, and to its masks."""

from dataclasses import dataclass
from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from nnunet_ext.phantom.contrast import Contrast, tissue_brightness
from nnunet_ext.phantom.cord import TissueMap
from nnunet_ext.phantom.roughness import tissue_roughness
from nnunet_ext.phantom.slices import SliceGrid
from nnunet_ext.phantom.smooth_noise import smooth_noise
from nnunet_ext.phantom.spine import Floats
from nnunet_ext.phantom.tissues import CORD_TISSUES, LESION_TISSUES, Tissue

_MAJORITY: Final = 0.5  # of a voxel's thin slices
_TEXTURE_MM: Final = 6.0
_BIAS_MM: Final = 70.0
_LARGEST: Final = 32000

_STRONGEST_FLOW: Final = 0.2


@dataclass(frozen=True)
class Acquisition:
    """How one image is made; everything random in it comes from the generator it is used with.

    Parameters
    ----------
    contrast
        Tissue brightness.
    noise
        Standard deviation of the Rician noise, as a share of the brightest tissue.
    bias
        Standard deviation of the smooth field's logarithm.
    coil_mm
        Depth over which the signal behind the neck falls by a factor e; infinite for a body coil.
    blur_voxels
        Standard deviation of the in-plane point spread.
    ghost
        Share of the signal that appears half a field of view away.
    scale
        What the brightest tissue is stored as.
    lesion_strength
        Factor on the contrast of lesions.
    metal
        Whether an implant leaves a void behind the cord.
    saturated
        Whether a band in front of the spine is silenced, as against swallowing and blood flow.
    """

    contrast: Contrast
    noise: float = 0.02
    bias: float = 0.1
    coil_mm: float = 120.0
    blur_voxels: float = 0.45
    ghost: float = 0.0
    scale: float = 1000.0
    lesion_strength: float = 1.0
    metal: bool = False
    saturated: bool = False


def make_image(
    tissue: TissueMap, grid: SliceGrid, acquisition: Acquisition, rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Draw an image of a tissue map.

    Parameters
    ----------
    tissue
        On the grid's fine voxels: `grid.fine_shape`.
    grid, acquisition, rng
        Where the voxels lie, how they are measured, and the chance in it.

    Returns
    -------
    ndarray
        int16 of `grid.shape`. Thin slices are averaged, so that thick ones mix their tissues.
    """
    image = _slices(_textured(tissue, grid, acquisition, rng), grid)
    if acquisition.metal:
        image *= _metal(grid, rng)
    blur = [acquisition.blur_voxels] * 3
    blur[grid.slice_axis] *= 1.0 if grid.fine == 1 else 0.4
    image = gaussian_filter(image, blur)
    image *= _sensitivity(grid, acquisition, rng)
    if acquisition.ghost > 0:
        image += np.float32(acquisition.ghost) * np.roll(image, image.shape[1] // 2, axis=1)
    noise = rng.standard_normal((2, *grid.shape), dtype=np.float32) * np.float32(acquisition.noise)
    image = np.hypot(image + noise[0], noise[1])
    image = np.rint(np.clip(image * np.float32(acquisition.scale), 0, _LARGEST))
    stored: npt.NDArray[np.int16] = image.astype(np.int16)
    return stored


def cord_mask(tissue: TissueMap, grid: SliceGrid) -> npt.NDArray[np.uint8]:
    """Mark voxels that are cord, lesions included, in at least half of their thin slices; uint8 of `grid.shape`."""
    return _majority(tissue, CORD_TISSUES, grid)


def lesion_mask(tissue: TissueMap, grid: SliceGrid) -> npt.NDArray[np.uint8]:
    """Mark voxels that are lesion in at least half of their thin slices; all zero where there is none.

    It lies within `cord_mask`, since every lesion tissue is cord as well.
    """
    return _majority(tissue, LESION_TISSUES, grid)


def _majority(tissue: TissueMap, chosen: tuple[Tissue, ...], grid: SliceGrid) -> npt.NDArray[np.uint8]:
    table = np.zeros(256, dtype=np.float32)
    table[list(chosen)] = 1
    return (_slices(table[tissue], grid) >= _MAJORITY).astype(np.uint8)


def _slices(fine: Floats, grid: SliceGrid) -> Floats:
    """Average the thin slices of each slice."""
    if grid.fine == 1:
        return fine
    axis = grid.slice_axis
    split = fine.reshape((*grid.shape[:axis], grid.shape[axis], grid.fine, *grid.shape[axis + 1 :]))
    total = np.add.reduce(split, axis=axis + 1, dtype=np.float32)
    result: Floats = total * np.float32(1 / grid.fine)
    return result


def _textured(tissue: TissueMap, grid: SliceGrid, acquisition: Acquisition, rng: np.random.Generator) -> Floats:
    """Brightness by tissue, made uneven at two sizes: voxels, and a few millimetres."""
    brightness = np.zeros(256, dtype=np.float32)
    brightness[: len(Tissue)] = tissue_brightness(acquisition.contrast, rng, acquisition.lesion_strength)
    rough = np.zeros(256, dtype=np.float32)
    rough[: len(Tissue)] = tissue_roughness()
    rough[Tissue.CSF] += min(rng.exponential(0.04), _STRONGEST_FLOW)  # moving fluid is patchy
    rough *= brightness * np.float32(rng.uniform(0.6, 1.4))
    texture = smooth_noise(tissue.shape, grid.fine_to_patient, _TEXTURE_MM, rng)
    texture += np.float32(0.6) * rng.standard_normal(tissue.shape, dtype=np.float32)
    texture *= rough[tissue]
    texture += brightness[tissue]
    return np.maximum(texture, 0, out=texture)


def _sensitivity(grid: SliceGrid, acquisition: Acquisition, rng: np.random.Generator) -> Floats:
    """Draw a smooth field times the fall-off of a coil that lies behind the neck and ends above and below."""
    spacing = nib.affines.voxel_sizes(grid.to_world)
    field = smooth_noise(grid.shape, grid.to_world, _BIAS_MM, rng) * np.float32(acquisition.bias)
    _, deep, tall = ((np.arange(size) - size / 2) * mm for size, mm in zip(grid.shape, spacing, strict=True))
    fall = np.minimum(-deep / acquisition.coil_mm, 1.2)
    half = grid.shape[2] * spacing[2] / 2
    ends = -float(rng.uniform(0, 4)) * acquisition.bias * (np.abs(tall - rng.normal(0, 0.2) * half) / half) ** 3
    if acquisition.saturated:
        fall = fall - 2.0 / (1 + np.exp(-(deep - rng.uniform(25, 45)) / 3))
    field += (fall[None, :, None] + ends[None, None, :]).astype(np.float32)
    result: Floats = np.exp(field)
    return result


def _metal(grid: SliceGrid, rng: np.random.Generator) -> Floats:
    """Draw a void behind the middle of the field of view, with the bright rim of the signal it displaced."""
    spacing = nib.affines.voxel_sizes(grid.to_world)
    middle = (rng.normal(0, 6), -float(rng.uniform(18, 32)), rng.normal(0, 20))
    radii = (float(rng.uniform(6, 14)), float(rng.uniform(6, 13)), float(rng.uniform(8, 20)))
    axes = [
        ((np.arange(size) - size / 2) * mm - shift) / radius
        for size, mm, shift, radius in zip(grid.shape, spacing, middle, radii, strict=True)
    ]
    x, y, z = np.ix_(*(axis.astype(np.float32) for axis in axes))
    distance = np.sqrt(x * x + y * y + z * z)
    rim = np.float32(0.8) * np.exp(-(((distance - 1.15) / 0.12) ** 2))
    result: Floats = (1 / (1 + np.exp(-(distance - 1) * 12)) + rim).astype(np.float32)
    return result
