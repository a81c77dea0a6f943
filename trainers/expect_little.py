"""Beginning a training with the expectation that little is foreground."""

from typing import Any, Final

import torch

_NO_CORD: Final = -3.0
"""Logit that training begins with: one voxel in twenty. A cord is fewer than one in a hundred, and a network that
first has to learn this of every voxel unlearns all else on the way: short trainings then end with an empty image
(a prior in the last bias: Lin et al. 2017, Focal loss for dense object detection, section 4.1)."""


def expect_little(network: Any, *, regions: bool) -> None:  # noqa: ANN401 - may be compiled or distributed
    """Lower the biases of foreground in all outputs of one of nnU-Net's networks.

    Parameters
    ----------
    network
        With deep supervision or without.
    regions
        Whether its outputs are regions; else the first one is background.
    """
    for name, bias in network.named_parameters():
        if ".seg_layers." in f".{name}" and name.endswith(".bias"):
            with torch.no_grad():
                bias[0 if regions else 1 :] = _NO_CORD
