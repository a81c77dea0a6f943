"""The device to compute on where the user names none."""

import sys


def best_device() -> str:
    """Name the best device that there is: a GPU, Apple's, else the processor."""
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if sys.platform == "darwin" and torch.backends.mps.is_available() else "cpu"
