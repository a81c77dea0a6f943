"""What the tests of the transforms share: one of each, patches to apply them to, and seeds."""

from typing import Any

import numpy as np
import torch

from nnunet_ext.trainers.transforms.bias_along_cord import BiasAlongCord
from nnunet_ext.trainers.transforms.channel_dropout import ChannelDropout
from nnunet_ext.trainers.transforms.ghosting import Ghosting
from nnunet_ext.trainers.transforms.metal_void import MetalVoid
from nnunet_ext.trainers.transforms.rician_noise import RicianNoise
from nnunet_ext.trainers.transforms.thick_slices import ThickSlices

AIR = -1.0


def seeded(transform: Any, seed: int, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any transform, any tensors
    """Apply a transform to copies, from a seed of both generators that batchgeneratorsv2 draws from."""
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - batchgeneratorsv2 draws from numpy's global generator
    result: dict[str, Any] = transform(**{name: tensor.clone() for name, tensor in data.items()})
    return result


def tissue(shape: tuple[int, ...], value: float = 2.0, channels: int = 1) -> torch.Tensor:
    """Make a patch of one brightness, with a band of air at the start of its last axis."""
    image = torch.full((channels, *shape), value)
    image[..., :4] = AIR
    return image


def cord(shape: tuple[int, ...]) -> torch.Tensor:
    """Label a straight cord along the last but one axis, with a lesion in its middle; (1, *shape)."""
    labels = torch.zeros((1, *shape), dtype=torch.int16)
    middle, depth = shape[-2] // 2, shape[-1] // 2
    labels[..., depth - 2 : depth + 3] = 1
    labels[..., middle - 3 : middle + 4, depth - 1 : depth + 2] = 2
    return labels


def image_transforms(shape: tuple[int, ...]) -> dict[str, Any]:
    """Make one transform of images of each kind, strong enough to be seen; the last but one axis is the cord's."""
    along, depth = len(shape) - 2, len(shape) - 1
    return {
        "ThickSlices": ThickSlices({along: (2.0, 4.0)}),
        "BiasAlongCord": BiasAlongCord(along, (0.5, 1.0)),
        "MetalVoid": metal_void(shape),
        "Ghosting": Ghosting([along, depth], (2, 5), (0.05, 0.2)),
        "RicianNoise": RicianNoise((0.1, 0.3)),
        "ChannelDropout": ChannelDropout(1.0),
    }


def metal_void(shape: tuple[int, ...], rim: float = 1.0, shift: float = 1.0) -> MetalVoid:
    """Make implants of 3 to 6 voxels."""
    along, depth = len(shape) - 2, len(shape) - 1
    ranges = {"radius_mm": (3.0, 6.0), "elongation": (1.0, 2.0), "rim": (rim, rim), "shift_voxels": (shift, shift)}
    return MetalVoid([1.0] * len(shape), along, depth, **ranges)
