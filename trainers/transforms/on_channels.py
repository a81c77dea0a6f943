"""Keeping transforms of images off channels that are none."""

from collections.abc import Sequence
from typing import Any

from batchgeneratorsv2.transforms.base.basic_transform import BasicTransform, ImageOnlyTransform


class OnChannels(BasicTransform):  # type: ignore[misc]  # batchgeneratorsv2 ships no annotations
    """Apply a transform to some channels only: a cord mask that is given as a channel has no noise.

    Parameters
    ----------
    transform
        Of images only.
    channels
        What it gets to see, as if there were no others.
    """

    def __init__(self, transform: ImageOnlyTransform, channels: Sequence[int]) -> None:
        super().__init__()
        self.transform = transform
        self.channels = list(channels)

    def apply(self, data_dict: dict[str, Any], **params: Any) -> dict[str, Any]:  # noqa: ANN401 - their signature
        """Transform the chosen channels and put them back."""
        image = data_dict["image"]
        transformed = self.transform(**{**data_dict, "image": image[self.channels]})
        image[self.channels] = transformed["image"]
        return data_dict
