"""What runs the network: PyTorch as nnU-Net does, or something faster on a CPU."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from nnunet_ext.core.cpu import cpu_has_bf16
from nnunet_ext.core.errors import EnvironmentProblemError

if TYPE_CHECKING:  # the verb's help names the engines, and must not wait for torch
    import torch


class Engine(StrEnum):
    """What runs the network."""

    TORCH = "torch"
    """PyTorch, in float32 on a CPU, as stock nnU-Net; on any device."""

    OPENVINO = "openvino"
    """OpenVINO in float32 on a CPU: the same sums in another order, in about two thirds of the time."""

    BF16 = "bf16"
    """PyTorch with bfloat16 convolutions on a CPU that has them: two digits, in about half of the time."""


def check_engine(engine: Engine, device: str) -> None:
    """Make sure that an engine can run here.

    Parameters
    ----------
    engine
        To be used.
    device
        As the user named it: `cpu`, `cuda`, `cuda:1`, `mps`.

    Raises
    ------
    EnvironmentProblemError
        Where it cannot: what is missing, and what to do.
    """
    if engine is Engine.TORCH:
        return
    if device != "cpu":
        raise EnvironmentProblemError(
            f"the engine {engine} computes on the CPU only and the device is {device}; use --engine torch, "
            f"or the device cpu"
        )
    if engine is Engine.OPENVINO:
        from nnunet_ext.cascade.prediction.openvino_network import load_openvino  # noqa: PLC0415 - needs torch

        load_openvino()
    elif not cpu_has_bf16():
        raise EnvironmentProblemError(
            "the engine bf16 needs a processor that computes in bfloat16 itself (AVX-512 BF16 or AMX) and this one "
            "does not, so that it would be slower than float32; use --engine openvino or --engine torch"
        )


def engine_network(
    network: "torch.nn.Module", engine: Engine, patch_size: Sequence[int], channels: int
) -> "torch.nn.Module":
    """Hand a network to an engine.

    Parameters
    ----------
    network
        With its weights, in eval mode, on the CPU, giving one tensor. It belongs to the engine from now on.
    engine
        Checked with `check_engine` before.
    patch_size
        Voxels along each axis of a tile: the only size that the result takes.
    channels
        Of the image.

    Returns
    -------
    Module
        Takes an image (1, channels, *patch_size) and gives new logits (1, outputs, *patch_size), float32. For one
        thread at a time.

    Raises
    ------
    EnvironmentProblemError
        Where the engine cannot run this architecture.
    """
    # Here and not above, as both need torch.
    if engine is Engine.OPENVINO:
        from nnunet_ext.cascade.prediction.openvino_network import OpenVinoNetwork  # noqa: PLC0415

        return OpenVinoNetwork(network, (1, channels, *patch_size))
    if engine is Engine.BF16:
        from nnunet_ext.cascade.prediction.bf16_network import Bf16Network  # noqa: PLC0415

        return Bf16Network(network)
    return network
