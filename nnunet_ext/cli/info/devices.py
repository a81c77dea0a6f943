"""What can compute here."""

import os
import shutil
import sys

from nnunet_ext.cli.best_device import best_device
from nnunet_ext.cli.info.problem import Problem


def find_devices() -> tuple[dict[str, str], list[Problem]]:
    """Describe each device by its name for `--device`, and the one that is taken where none is named.

    Importing torch takes seconds. Where that fails, the processor alone is described, and the problem named.
    """
    found = {"cpu": f"{_usable_cores()} of {os.cpu_count()} cores"}
    try:
        import torch  # noqa: PLC0415 - seconds, and it may be broken
    except (ImportError, OSError) as error:  # OSError: one of its own libraries is missing
        return found, [Problem(f"torch was needed and cannot be imported: {error}", _install("torch"))]
    for number in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(number)
        found[f"cuda:{number}"] = f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB"
    if sys.platform == "darwin" and torch.backends.mps.is_available():
        found["mps"] = "Apple's own"
    found["auto"] = best_device()
    if found["auto"] == "cpu" and shutil.which("nvidia-smi"):
        told = f"nvidia-smi is here, and torch {torch.__version__} finds no GPU: predictions and trainings take the CPU"
        return found, [Problem(told, f"nvidia-smi; {_install('torch')}", needed=False)]
    return found, []


def _usable_cores() -> int:
    """Count the cores that this process may use, which on a cluster are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _install(library: str) -> str:
    return f"{sys.executable} -m pip install --force-reinstall {library}"
