"""Signal that falls off towards the end of a surface coil."""

from functools import reduce
from typing import Any, Final

import torch
from batchgeneratorsv2.helpers.scalar_type import sample_scalar
from batchgeneratorsv2.transforms.base.basic_transform import ImageOnlyTransform

from nnunet_ext.trainers.transforms.dark_level import dark_level

_FARTHEST_CENTRE: Final = 2.0  # in half patches from the middle: half of all coils end beyond the patch
_ACROSS: Final = 0.5  # greatest fall across the cord, of that along it


class BiasAlongCord(ImageOnlyTransform):  # type: ignore[misc]  # batchgeneratorsv2 ships no annotations
    """Multiply the signal by a smooth positive field, the same for all channels, as they share the coil.

    Along the cord its logarithm is a parabola around the coil's middle, which may lie outside the patch: the signal
    then falls from one end to the other. Across the cord it slopes, at most half as much. The mean stays.

    Parameters
    ----------
    axis
        Along the cord.
    strength
        Range of the natural logarithm of the brightest over the darkest place along the cord: 0.7 is a factor of 2.
    """

    def __init__(self, axis: int, strength: tuple[float, float]) -> None:
        super().__init__()
        self.axis = axis
        self.strength = strength

    def get_parameters(self, **data_dict: Any) -> dict[str, Any]:  # noqa: ANN401 - batchgeneratorsv2's signature
        """Draw the field, as one factor for each place along each axis."""
        shape = data_dict["image"].shape[1:]
        strength = sample_scalar(self.strength)
        chance = 2 * torch.rand(len(shape)) - 1
        logarithms = [
            _parabola(size, float(drawn)) * strength if axis == self.axis else _slope(size, float(drawn)) * strength
            for axis, (size, drawn) in enumerate(zip(shape, chance, strict=True))
        ]
        return {"gains": [logarithm.exp() for logarithm in logarithms]}

    def _apply_to_image(self, img: torch.Tensor, **params: Any) -> torch.Tensor:  # noqa: ANN401 - as above
        field = reduce(lambda outer, gain: outer[..., None] * gain, params["gains"], torch.ones(())).to(img)
        for channel in img:
            dark = dark_level(channel)
            before = channel.sub_(dark).mean()
            after = channel.mul_(field).mean()
            if after > 0:  # it is zero where the whole channel is as dark as air
                channel.mul_(before / after)
            channel.add_(dark)
        return img


def _parabola(size: int, drawn: float) -> torch.Tensor:
    """Fall from 0 to -1 away from a middle that `drawn`, -1 to 1, places within or beyond the patch."""
    squared = (torch.linspace(-1, 1, size) - _FARTHEST_CENTRE * drawn) ** 2
    nearest, farthest = squared.min(), squared.max()
    return (nearest - squared) / (farthest - nearest).clamp_min(1e-6)


def _slope(size: int, drawn: float) -> torch.Tensor:
    return torch.linspace(-0.5, 0.5, size) * (_ACROSS * drawn)
