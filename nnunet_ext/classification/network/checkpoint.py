"""How far a training has come, so that a killed one goes on where it was."""

import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Final

from nnunet_ext.core.atomic import sweep, write_bytes

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

FILE: Final = "network_checkpoint.pt"
"""Name of the file in the training's folder."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training between two epochs.

    Parameters
    ----------
    of
        SHA-256 of all that decides on the result.
    epochs
        That are done.
    weights
        As they are now.
    optimizer
        State of the optimizer; empty once the training is done.
    best, best_loss
        The weights of least loss on the validation patients, and that; empty and infinite where there are none.
    """

    of: str
    epochs: int
    weights: Mapping[str, "Tensor"]
    optimizer: Mapping[str, Any] = field(default_factory=dict)
    best: Mapping[str, "Tensor"] = field(default_factory=dict)
    best_loss: float = float("inf")


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a training's state atomically, in tensors, numbers and texts."""
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    content = {name: dict(value) if isinstance(value, Mapping) else value for name, value in vars(checkpoint).items()}
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_bytes(folder / FILE, buffer.getvalue())


def load_checkpoint(folder: Path, of: str, device: str) -> Checkpoint | None:
    """Read what a killed training of the very same has left; None where there is nothing of use.

    What is damaged, and what is of other patients, settings or another seed, is not used, and is overwritten later.
    """
    import torch  # noqa: PLC0415 - as above

    sweep(folder, below=False)
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        found = Checkpoint(**torch.load(file, map_location=device, weights_only=True))
    except (OSError, RuntimeError, UnpicklingError, EOFError, TypeError, ValueError, KeyError) as error:
        log.warning("%s: cannot be read (%.200s); the training begins anew", file, error)
        return None
    if found.of != of:
        log.warning("%s: is of other patients, settings or another seed; the training begins anew", file)
        return None
    return found
