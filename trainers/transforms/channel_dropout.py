"""A contrast that was not scanned."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from batchgeneratorsv2.transforms.base.basic_transform import ImageOnlyTransform


class ChannelDropout(ImageOnlyTransform):  # type: ignore[misc]  # batchgeneratorsv2 ships no annotations
    """Empty one channel, so that the network learns to do without any one of them.

    Never all: of a single channel nothing is dropped.

    Parameters
    ----------
    probability
        How often a channel is dropped.
    fill
        ``zero`` is what an empty image becomes in nnU-Net's normalisation, and so what stands for a missing contrast
        at prediction; ``noise`` is standard normal.
    channels
        Those among which one is drawn; None for all. A mask that is given as a channel is not among them.
    """

    def __init__(
        self, probability: float, fill: Literal["zero", "noise"] = "zero", channels: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.probability = probability
        self.fill = fill
        self.channels = None if channels is None else tuple(channels)

    def get_parameters(self, **data_dict: Any) -> dict[str, Any]:  # noqa: ANN401 - batchgeneratorsv2's signature
        """Draw which channel goes, and what takes its place."""
        image = data_dict["image"]
        channels = range(len(image)) if self.channels is None else self.channels
        if len(channels) < 2 or torch.rand(()) >= self.probability:
            return {"dropped": None, "instead": None}
        dropped = channels[int(torch.randint(len(channels), ()))]
        instead = torch.zeros_like(image[dropped])
        return {"dropped": dropped, "instead": instead.normal_() if self.fill == "noise" else instead}

    def _apply_to_image(self, img: torch.Tensor, **params: Any) -> torch.Tensor:  # noqa: ANN401 - as above
        if params["dropped"] is not None:
            img[params["dropped"]] = params["instead"]
        return img
