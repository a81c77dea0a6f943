"""Too little signal for the noise."""

from typing import Any

import torch
from batchgeneratorsv2.helpers.scalar_type import sample_scalar
from batchgeneratorsv2.transforms.base.basic_transform import ImageOnlyTransform

from nnunet_ext.trainers.transforms.dark_level import dark_level


class RicianNoise(ImageOnlyTransform):  # type: ignore[misc]  # batchgeneratorsv2 ships no annotations
    """Add the noise of a magnitude image: Gaussian where there is signal, a raised grey floor in air.

    ``M = sqrt((A + n1)^2 + n2^2)`` with the true signal A and independent Gaussian n1 and n2 (Gudbjartsson and Patz
    1995, Magn Reson Med 34:910, eq. 1). batchgeneratorsv2 has a transform for it as well, but that one scales the
    floor away again, takes zero signal from the darkest voxel of all channels together, and has one level for all.

    Parameters
    ----------
    sigma
        Range of the standard deviation of n1 and n2, drawn for each channel; 1 is that of the normalised image.
    """

    def __init__(self, sigma: tuple[float, float]) -> None:
        super().__init__()
        self.sigma = sigma

    def get_parameters(self, **data_dict: Any) -> dict[str, Any]:  # noqa: ANN401 - batchgeneratorsv2's signature
        """Draw both noise images of each channel: (channel, 2, x, y, z)."""
        image = data_dict["image"]
        noise = torch.randn(len(image), 2, *image.shape[1:], dtype=image.dtype, device=image.device)
        for pair in noise:
            pair.mul_(sample_scalar(self.sigma))
        return {"noise": noise}

    def _apply_to_image(self, img: torch.Tensor, **params: Any) -> torch.Tensor:  # noqa: ANN401 - as above
        for channel, (real, imaginary) in zip(img, params["noise"], strict=True):
            dark = dark_level(channel)
            signal = channel.sub_(dark).clamp_min_(0)
            signal.add_(real).hypot_(imaginary).add_(dark)
        return img
