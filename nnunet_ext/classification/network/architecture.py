"""The network itself: MONAI's DenseNet121, and what it is given."""

from typing import TYPE_CHECKING

from nnunet_ext.classification.network.crop import MASKS
from nnunet_ext.classification.network.settings import NetworkSettings
from nnunet_ext.core.require_classify import require_classify

if TYPE_CHECKING:
    from monai.networks.nets.densenet import DenseNet121
    from torch import Tensor

_FLAT = 2


def build_network(settings: NetworkSettings, channels: int, classes: int) -> "DenseNet121":
    """Build DenseNet121 (Huang et al. 2017, CVPR; MONAI's) with weights drawn from torch's generator.

    Parameters
    ----------
    channels
        Images; lesion and cord come on top. In 2.5-D each slice of each is a channel of the network.
    classes
        Diagnoses.

    Raises
    ------
    EnvironmentProblemError
        Where MONAI is not installed.
    """
    densenet = require_classify("monai.networks.nets.densenet")  # seconds of import that asking for help must not cost
    slices = settings.crop.size[0] if settings.dimensions == _FLAT else 1
    built: DenseNet121 = densenet.DenseNet121(
        spatial_dims=settings.dimensions,
        in_channels=(channels + MASKS) * slices,
        out_channels=classes,
        init_features=settings.first_features,
        growth_rate=settings.growth,
        block_config=settings.blocks,
    )
    return built


def as_input(crops: "Tensor", settings: NetworkSettings) -> "Tensor":
    """Lay crops out as the network takes them.

    Parameters
    ----------
    crops
        Shape (patients, channels + 2, x, y, z).

    Returns
    -------
    Tensor
        In 2.5-D of shape (patients, (channels + 2) * x, y, z), stored channels last, with which a CPU trains 1.6 times
        as fast; autocast to bfloat16 adds nothing to that, and is not used.
    """
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    if settings.dimensions != _FLAT:
        return crops
    return crops.flatten(1, 2).contiguous(memory_format=torch.channels_last)
