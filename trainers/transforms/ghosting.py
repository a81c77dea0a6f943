"""Ghosts of what moved while it was scanned."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from batchgeneratorsv2.helpers.scalar_type import sample_scalar
from batchgeneratorsv2.transforms.base.basic_transform import ImageOnlyTransform

from nnunet_ext.trainers.transforms.dark_level import dark_level


class _Comb(NamedTuple):
    axis: int
    period: int  # k-space lines; also the number of copies, the image itself among them
    first: int
    weight: float  # what the lines of the comb are multiplied by


class Ghosting(ImageOnlyTransform):  # type: ignore[misc]  # batchgeneratorsv2 ships no annotations
    """Weaken or strengthen every n-th k-space line along an axis, as pulsation and breathing do.

    The image then carries n - 1 fainter copies of itself, each shifted by a further n-th of the patch, in and out of
    phase with it: bright over air, bright or dark over tissue. The middle line, the mean of the image, is kept.

    Parameters
    ----------
    axes
        Phase-encoding directions, one of which is drawn for each channel.
    period
        Lowest and highest n, from 2.
    strength
        Range of a copy's brightness, as a share of the image's.
    """

    def __init__(self, axes: Sequence[int], period: tuple[int, int], strength: tuple[float, float]) -> None:
        super().__init__()
        self.axes = tuple(axes)
        self.period = period
        self.strength = strength

    def get_parameters(self, **data_dict: Any) -> dict[str, Any]:  # noqa: ANN401 - batchgeneratorsv2's signature
        """Draw axis, period, first line and strength for each channel."""
        return {"combs": [self._draw() for _ in data_dict["image"]]}

    def _draw(self) -> _Comb:
        axis = self.axes[int(torch.randint(len(self.axes), ()))]
        period = int(torch.randint(self.period[0], self.period[1] + 1, ()))
        first = int(torch.randint(period, ()))
        sign = 1 if torch.rand(()) < 0.5 else -1
        # A comb of every n-th line is n copies that share its strength: n times as much gives each what was drawn.
        return _Comb(axis, period, first, 1 + sign * period * sample_scalar(self.strength))

    def _apply_to_image(self, img: torch.Tensor, **params: Any) -> torch.Tensor:  # noqa: ANN401 - as above
        comb: _Comb
        for channel, comb in zip(img, params["combs"], strict=True):
            dark = dark_level(channel)
            weights = channel.new_ones(channel.shape[comb.axis])
            weights[comb.first :: comb.period] = comb.weight
            weights[0] = 1
            lines = torch.fft.fft((channel - dark).movedim(comb.axis, -1)) * weights
            channel.copy_(torch.fft.ifft(lines).abs().movedim(-1, comb.axis)).add_(dark)
        return img
