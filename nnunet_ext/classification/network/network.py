"""A trained network: what it says of crops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.network.architecture import as_input, build_network
from nnunet_ext.classification.network.crop import Crop
from nnunet_ext.classification.network.settings import NetworkSettings
from nnunet_ext.core.errors import DataRefusedError

if TYPE_CHECKING:
    from monai.networks.nets.densenet import DenseNet121

Probabilities = npt.NDArray[np.float64]

_AT_ONCE = 32
_LEFT = 2  # axis of (patients, channels, x, y, z)


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network.

    Parameters
    ----------
    settings
        It was built and trained by.
    channels
        Names of the images that it is shown.
    diagnoses
        That it tells apart, in the order of its outputs.
    weights
        Its parameters and buffers by name.
    """

    settings: NetworkSettings
    channels: tuple[str, ...]
    diagnoses: tuple[str, ...]
    weights: Mapping[str, npt.NDArray[Any]]

    def predict(self, crops: Sequence[Crop], device: str = "cpu") -> Probabilities:
        """Say how likely each diagnosis is, as the mean over the crop and its mirror image, left and right swapped.

        Returns
        -------
        array
            Shape (crops, diagnoses), float64; rows sum to 1.

        Raises
        ------
        DataRefusedError
            Where a crop has other channels or another size.
        """
        import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

        if not crops:
            return np.zeros((0, len(self.diagnoses)))
        data = torch.from_numpy(stacked(crops, self.channels, self.settings))
        module = self.module().to(device)
        found = []
        with torch.inference_mode():
            for part in data.split(_AT_ONCE):
                sides = (part.to(device), part.flip(_LEFT).to(device))
                logits = [module(as_input(side, self.settings)).double() for side in sides]
                found.append(torch.stack([torch.softmax(one, 1) for one in logits]).mean(0).cpu().numpy())
        return np.concatenate(found)

    def module(self) -> "DenseNet121":
        """Give the network as torch has it, ready to predict."""
        import torch  # noqa: PLC0415 - as above

        with torch.device("meta"):  # no weights are drawn, which takes longer than to predict
            built = build_network(self.settings, len(self.channels), len(self.diagnoses))
        # A copy: what torch is given it may write to.
        weights = {name: torch.from_numpy(np.array(values)) for name, values in self.weights.items()}
        built.load_state_dict(weights, assign=True)
        return built.eval()


def stacked(crops: Sequence[Crop], channels: Sequence[str], settings: NetworkSettings) -> npt.NDArray[np.float32]:
    """Stack crops to one array of shape (crops, channels + 2, x, y, z).

    Raises
    ------
    DataRefusedError
        Where one is not of these channels and of these settings.
    """
    for number, crop in enumerate(crops):
        if crop.channels != tuple(channels) or crop.settings != settings.crop:
            raise DataRefusedError(
                f"crop {number}: channels {', '.join(channels)} and {settings.crop} were needed, found "
                f"{', '.join(crop.channels)} and {crop.settings}; cut it by the network's settings"
            )
    return np.stack([crop.data for crop in crops])
