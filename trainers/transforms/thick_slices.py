"""Slices thicker than those that were scanned."""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import torch
from batchgeneratorsv2.helpers.scalar_type import sample_scalar
from batchgeneratorsv2.transforms.base.basic_transform import ImageOnlyTransform

_FEWEST_SLICES: Final = 4  # of a patch; fewer show no anatomy


class _Slices(NamedTuple):
    axis: int
    thickness: float  # voxels
    phase: float  # of the first slice, in thicknesses
    nearest: bool


class ThickSlices(ImageOnlyTransform):  # type: ignore[misc]  # batchgeneratorsv2 ships no annotations
    """Scan each channel again in thick slices, and bring it back to the grid.

    Each new slice is the mean over a Gaussian profile whose full width at half maximum is the slice thickness. In
    between, values are interpolated linearly, or taken from the nearest slice as nnU-Net's own resampling does across
    thick slices. All weights are positive and add up to one: no value leaves the range of the image.

    Parameters
    ----------
    thickness
        For each axis that slices may be stacked along, the range of their thickness in voxels. One axis is drawn for
        each channel. At least four slices are left of a patch, so a short one gets thinner slices than drawn.
    nearest_probability
        How often values come from the nearest slice.
    """

    def __init__(self, thickness: Mapping[int, tuple[float, float]], nearest_probability: float = 0.5) -> None:
        super().__init__()
        self.thickness = dict(thickness)
        self.nearest_probability = nearest_probability

    def get_parameters(self, **data_dict: Any) -> dict[str, Any]:  # noqa: ANN401 - batchgeneratorsv2's signature
        """Draw axis, thickness, position and interpolation for each channel."""
        channels, *shape = data_dict["image"].shape
        return {"slices": [self._draw(shape) for _ in range(channels)]}

    def _draw(self, shape: list[int]) -> _Slices:
        axes = list(self.thickness)
        axis = axes[int(torch.randint(len(axes), ()))]
        thickness = max(1.0, min(sample_scalar(self.thickness[axis]), shape[axis] / _FEWEST_SLICES))
        phase, interpolation = torch.rand(2).tolist()
        return _Slices(axis, thickness, phase, interpolation < self.nearest_probability)

    def _apply_to_image(self, img: torch.Tensor, **params: Any) -> torch.Tensor:  # noqa: ANN401 - as above
        slices: _Slices
        for channel, slices in zip(img, params["slices"], strict=True):
            weights = _weights(channel.shape[slices.axis], slices).to(channel)
            along = channel.movedim(slices.axis, -1)
            along.copy_(along @ weights.T)
        return img


def _weights(size: int, slices: _Slices) -> torch.Tensor:
    """Give the share of each old voxel (column) in each new one (row)."""
    voxels = torch.arange(size, dtype=torch.float32)
    first = slices.phase * slices.thickness - 0.5
    distance = (voxels[:, None] - torch.arange(first, size - 0.5, slices.thickness)[None]) / slices.thickness
    profile = torch.exp(-4 * math.log(2) * distance**2)
    if slices.nearest:
        back = torch.nn.functional.one_hot(distance.abs().argmin(dim=1), distance.shape[1]).float()
    else:
        back = (1 - distance.abs()).clamp_min(0)
    return (back / back.sum(dim=1, keepdim=True)) @ (profile / profile.sum(dim=0)).T
