"""What one painted image is like: drawn once an image, far wider than any one scanner."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.contrast import Contrast, tissue_brightness
from nnunet_ext.phantom.roughness import tissue_roughness
from nnunet_ext.phantom.tissues import Tissue

UP, FRONT, LEFT = range(3)  # axes of the arrays

_GREY_OVER_WHITE: Final = {  # of grey over white matter, as a share of the distance from white matter to fluid
    Contrast.T1W: (-0.25, 0.15),
    Contrast.T2W: (-0.05, 0.3),
    Contrast.T2STARW: (0.0, 0.75),
    Contrast.T1W_GADOLINIUM: (-0.25, 0.15),
    Contrast.RANDOM: (-0.5, 0.5),
}


@dataclass(frozen=True)
class Slices:
    """How an image's slices lie.

    Parameters
    ----------
    axis
        That they are stacked along.
    thickness_mm
        Distance from one to the next.
    filled
        Share of it that a slice is the mean of; the rest is a gap.
    """

    axis: int
    thickness_mm: float
    filled: float


@dataclass(frozen=True, eq=False)
class Look:
    """All that is drawn for one image but the noise itself.

    Parameters
    ----------
    brightness
        float32, one entry a `Tissue`; about 0 to 1.
    roughness
        float32 of (texture, `Tissue`): standard deviation of each texture in each tissue.
    texture_mm
        Over which distance each texture changes; 0 from voxel to voxel.
    clumped
        Whether the coarse textures are two levels with edges rather than clouds.
    slices
        None for an image without thick slices.
    pixel_mm
        Resolution across the other axes.
    noise
        Standard deviation of the Rician noise.
    bias
        Standard deviation of the logarithm of the smooth field.
    coil_mm
        Depth over which the signal behind falls by a factor e, and `coil_axis` and `coil_sign` of that direction.
    ghost, ghost_share
        Strength of a ghost and how far away it lies, as a share of the field of view.
    saturated
        Whether a band in front is silenced.
    metal
        Whether an implant leaves a void.
    gamma
        Exponent of the final brightness.
    """

    brightness: npt.NDArray[np.float32]
    roughness: npt.NDArray[np.float32]
    texture_mm: tuple[float, ...]
    clumped: bool
    slices: Slices | None
    pixel_mm: float
    noise: float
    bias: float
    coil_mm: float
    coil_axis: int
    coil_sign: int
    ghost: float
    ghost_share: float
    saturated: bool
    metal: bool
    gamma: float


def draw_look(rng: np.random.Generator, contrasts: Sequence[tuple[Contrast, float]]) -> Look:
    """Draw what an image is like.

    Parameters
    ----------
    rng
        Chance.
    contrasts
        Each with its share of the images.
    """
    kinds, shares = zip(*contrasts, strict=True)
    contrast = kinds[int(rng.choice(len(kinds), p=np.array(shares) / sum(shares)))]
    brightness = _brightness(contrast, rng)
    return Look(
        brightness=brightness,
        roughness=_roughness(brightness, contrast, rng),
        texture_mm=(0.0, float(rng.uniform(2, 5)), float(rng.uniform(6, 16))),
        clumped=bool(rng.random() < 0.3),
        slices=_slices(rng),
        pixel_mm=float(rng.choice([rng.uniform(0.4, 1.0), rng.uniform(1.0, 1.8)], p=[0.7, 0.3])),
        noise=float(rng.choice([rng.uniform(0, 0.04), rng.uniform(0.04, 0.1)], p=[0.8, 0.2])),
        bias=float(rng.uniform(0.0, 0.35)),
        coil_mm=float(np.exp(rng.uniform(np.log(35), np.log(400)))),
        coil_axis=int(rng.choice([FRONT, LEFT, UP], p=[0.8, 0.05, 0.15])),
        coil_sign=1 if rng.random() < 0.8 else -1,
        ghost=float(rng.uniform(0.02, 0.12)) if rng.random() < 0.12 else 0.0,
        ghost_share=float(rng.uniform(0.1, 0.6)),
        saturated=bool(rng.random() < 0.2),
        metal=bool(rng.random() < 0.04),
        gamma=float(np.exp(rng.normal(0, 0.2))),
    )


def _brightness(contrast: Contrast, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    values = tissue_brightness(
        contrast, rng, lesion_strength=float(rng.uniform(0.5, 1.3)), spread=float(rng.uniform(0.08, 0.4))
    )
    white, fluid = values[Tissue.WHITE_MATTER], values[Tissue.CSF]
    low, high = _GREY_OVER_WHITE[contrast]
    share = float(rng.uniform(low, high)) * float(rng.random() < 0.75)
    values[Tissue.GREY_MATTER] = white + share * (fluid - white)
    # Where cord meets brain nothing changes; the medulla is the cord's own colour.
    values[Tissue.MEDULLA] = white
    return values


def _roughness(
    brightness: npt.NDArray[np.float32], contrast: Contrast, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    scales = np.array([0.6, 1.0, 0.8])[:, None] * np.exp(rng.normal(0, 0.4, (3, len(Tissue))))
    each = tissue_roughness() * float(rng.uniform(0.3, 2.2))
    if contrast is Contrast.RANDOM:
        each = each + rng.uniform(0, 0.12, len(Tissue)) * (rng.random() < 0.5)
    each[Tissue.CSF] += min(rng.exponential(0.08), 0.45)  # moving fluid is patchy
    in_cord = [Tissue.WHITE_MATTER, Tissue.GREY_MATTER, Tissue.MEDULLA]
    each[in_cord] = np.minimum(each[in_cord], 0.08)
    result: npt.NDArray[np.float32] = (scales * each * np.maximum(brightness, 0.1)).astype(np.float32)
    result[:, Tissue.AIR] = 0
    return result


def _slices(rng: np.random.Generator) -> Slices | None:
    kind = rng.random()
    filled = float(rng.uniform(0.75, 1.0))
    if kind < 0.42:
        thickness = rng.uniform(2.2, 6.0) if rng.random() < 0.8 else rng.uniform(6.0, 17.0)
        return Slices(UP, float(thickness), filled)
    if kind < 0.67:
        return Slices(LEFT, float(rng.uniform(1.8, 5.0)), filled)
    if kind < 0.70:
        return Slices(FRONT, float(rng.uniform(1.8, 4.0)), filled)
    return None
