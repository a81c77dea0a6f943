"""The device that a network runs on, as a user names it."""

import re
from typing import Final

import torch

from nnunet_ext.core.errors import EnvironmentProblemError, UsageError

_NAME: Final = re.compile(r"cpu|mps|cuda(:\d+)?")


def find_device(name: str) -> torch.device:
    """Find a device by its name: `cpu`, `cuda` (the first GPU), `cuda:1` or `mps`.

    Raises
    ------
    UsageError
        Where it is no such name.
    EnvironmentProblemError
        Where this machine, or this installation of torch, does not have it.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"a device was needed, one of cpu, cuda, cuda:1 or mps; found {name!r}")
    device = torch.device(name)
    if device.type == "cuda":
        _refuse_missing_gpu(device)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise EnvironmentProblemError("the device mps was asked for, which only a Mac with Apple silicon has; use: cpu")
    return device


def _refuse_missing_gpu(device: torch.device) -> None:
    if not torch.cuda.is_available():
        built = torch.version.cuda
        reason = (
            "torch is installed without CUDA; install its CUDA build"
            if built is None
            else f"torch, built for CUDA {built}, finds no GPU; see what nvidia-smi says"
        )
        raise EnvironmentProblemError(f"the device {device} was asked for, and {reason}, or use: cpu")
    count = torch.cuda.device_count()
    if (device.index or 0) >= count:
        there = ", ".join(f"cuda:{index}" for index in range(count))
        raise EnvironmentProblemError(f"the device {device} was asked for; there are: cpu, {there}")
