"""A network whose convolutions are computed in bfloat16."""

import torch


class Bf16Network(torch.nn.Module):
    """A network under PyTorch's autocast, which keeps in float32 what needs it; gives float32.

    Parameters
    ----------
    network
        On the CPU, in eval mode.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self._network = network

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Compute logits (1, outputs, ...) of an image (1, channels, ...)."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits: torch.Tensor = self._network(image)
        return logits.float()
