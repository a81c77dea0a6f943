"""The one file that `nnUNet_extTrainer` points to in `trainer_gain.py`: see `nnunet_ext/ext_trainer` for why."""

import ablations
from stock_trainer import nnUNetTrainerStock

from nnunet_ext.trainers import scheduled

__all__ = ["nnUNetTrainerStock"]


def __getattr__(name: str) -> type:
    """Give the `_Nepochs` variant of an ablation."""
    base, _, schedule = name.rpartition("_")
    if not hasattr(ablations, base or name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return scheduled(getattr(ablations, base), int(schedule.removesuffix("epochs")))
