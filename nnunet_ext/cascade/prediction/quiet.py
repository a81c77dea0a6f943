"""Keeping what nnU-Net says to itself off the terminal, and what it sets for the whole process as it was."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Final

import torch

_LOG: Final = logging.getLogger(__name__)


class _ToLog(io.TextIOBase):
    """A stream whose lines go to the log, for those who look for them there."""

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if line.strip():
                _LOG.debug("%s", line)
        return len(text)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Send what is printed and warned about to the log, at debug level."""
    with contextlib.redirect_stdout(_ToLog()), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for one in warned:
                _LOG.debug("%s: %s", one.category.__name__, one.message)


@contextlib.contextmanager
def torch_as_found(device: torch.device) -> Iterator[None]:
    """Compute without gradients, and leave torch's settings for the whole process as they were, also after an error.

    The number of threads is the caller's: torch itself starts with one for each core. nnU-Net would cap it at
    `nnUNet_def_n_proc`, which counts processes.
    """
    threads, benchmark = torch.get_num_threads(), torch.backends.cudnn.benchmark
    try:
        if device.type == "cuda":
            torch.backends.cudnn.benchmark = True  # every tile has the same shape
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.cudnn.benchmark = benchmark
