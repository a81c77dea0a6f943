"""Where a network looked."""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.classification.network.architecture import as_input
from nnunet_ext.classification.network.crop import Crop
from nnunet_ext.classification.network.network import Network, stacked
from nnunet_ext.classification.network.settings import NetworkSettings

Map = npt.NDArray[np.float32]

_FEWEST: Final = 8
_FLAT: Final = 2


def grad_cam(network: Network, crop: Crop, target: int) -> Map:
    """Show what in a crop spoke for a diagnosis, by Grad-CAM (Selvaraju et al. 2017, ICCV, equations 1 and 2).

    Each feature of a layer is weighted by how much it raises the diagnosis's output, and the sum is cut off below 0.
    The layer is the deepest dense block with 8 places or more along the cord: the last block has 2 for a crop of 64
    voxels, which would show nothing. It is the mean over the crop and its mirror image, as the prediction is.

    Parameters
    ----------
    target
        Index of the diagnosis.

    Returns
    -------
    array
        Shape (y, z) of the crop, float32, from 0 to 1, the largest value 1; all 0 where nothing spoke for it. Of a
        network of three dimensions the largest value across.
    """
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost
    from monai.visualize.class_activation_maps import GradCAM  # noqa: PLC0415 - as above

    data = torch.from_numpy(stacked([crop], network.channels, network.settings))
    cam = GradCAM(
        nn_module=network.module(),
        target_layers=f"features.denseblock{_block(network.settings)}",
        postprocessing=lambda values: values,  # MONAI's own would turn the largest into 0
    )
    sides = [cam(x=as_input(side, network.settings), class_idx=target).detach()[0, 0] for side in (data, data.flip(2))]
    if network.settings.dimensions != _FLAT:
        sides = [(sides[0] + sides[1].flip(0)).amax(0)]
    found = np.asarray(sum(side.numpy() for side in sides), dtype=np.float32)
    highest = found.max()
    return np.asarray(np.clip(found / highest, 0, 1) if highest > 0 else np.zeros_like(found), dtype=np.float32)


def _block(settings: NetworkSettings) -> int:
    """Give the number of the block: the first has a quarter of the crop's voxels along each axis."""
    along = settings.crop.size[-1]
    deep = [number for number in range(1, len(settings.blocks) + 1) if along >> (number + 1) >= _FEWEST]
    return max(deep, default=1)
