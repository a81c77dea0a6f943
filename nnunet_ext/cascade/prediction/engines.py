"""What runs the network: PyTorch as nnU-Net does, or something faster on a CPU; named without torch."""

from enum import StrEnum

from nnunet_ext.core.cpu import cpu_has_bf16
from nnunet_ext.core.errors import EnvironmentProblemError


class Engine(StrEnum):
    """What runs the network."""

    TORCH = "torch"
    """PyTorch, in float32 on a CPU, as stock nnU-Net; on any device."""

    OPENVINO = "openvino"
    """OpenVINO in float32 on a CPU: the same sums in another order, in about two thirds of the time."""

    BF16 = "bf16"
    """PyTorch with bfloat16 convolutions on a CPU that has them: two digits, in about half of the time."""


def check_engine(engine: Engine, device: str) -> None:
    """Make sure that an engine can run here, on the device as the user named it, such as `cuda:1`.

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
