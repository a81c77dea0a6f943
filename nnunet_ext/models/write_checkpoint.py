"""Writing a checkpoint that holds what prediction needs, and nothing about who trained it, where and when."""

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from nnunet_ext.core.atomic import write_bytes
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.read_checkpoint import Checkpoint

if TYPE_CHECKING:
    from torch import Tensor


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write the four entries that nnU-Net's predictor reads.

    `torch.load(weights_only=True)` reads the file without any allow-list, and with numpy older than 2. The same
    content gives the same bytes.

    Parameters
    ----------
    checkpoint
        Its weights may share storage or lie in a larger one; each distinct tensor is written once.

    Raises
    ------
    DataRefusedError
        Where a weight is NaN or infinite: such a model predicts nothing, and says nothing.
    """
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    content = {
        "network_weights": _stored_once(checkpoint),
        "trainer_name": checkpoint.trainer,
        "init_args": {"configuration": checkpoint.configuration},
        "inference_allowed_mirroring_axes": checkpoint.mirroring_axes,
    }
    buffer = io.BytesIO()  # saved to a path, torch would write the path's name into the file
    torch.save(content, buffer)
    write_bytes(path, buffer.getvalue())


def _stored_once(checkpoint: Checkpoint) -> dict[str, "Tensor"]:
    """Copy each distinct tensor once; nnU-Net's networks list their convolutions under two or more names."""
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    copies: dict[tuple[object, ...], Tensor] = {}
    weights = {}
    for name, tensor in checkpoint.weights.items():
        if not torch.isfinite(tensor).all():
            raise DataRefusedError(f"{name} holds NaN or infinite weights: the training diverged; train again")
        plain = tensor.detach().clone(memory_format=torch.contiguous_format)
        digest = hashlib.sha256(plain.reshape(-1).view(torch.uint8).numpy().data).digest()
        weights[name] = copies.setdefault((plain.dtype, plain.shape, digest), plain)
    return weights
