"""Trainers that `nnUNetv2_train -tr` finds by name.

`nnUNet_extTrainer` points at `nnunet_ext/ext_trainer`, whose one file hands on what stands here. The classes
themselves live in the installed package, so that workers started with spawn or forkserver can unpickle them.
"""

from nnunet_ext.trainers.schedule import scheduled
from nnunet_ext.trainers.sci import nnUNetTrainerSCI

__all__ = ["nnUNetTrainerSCI"]


def __getattr__(name: str) -> type:
    """Make `nnUNetTrainerSCI_20epochs` and its like for any number of epochs."""
    base, separator, schedule = name.rpartition("_")
    number = schedule.removesuffix("epochs")
    if separator and base in __all__ and schedule == f"{number}epochs" and number.isdigit():
        trainer: type[nnUNetTrainerSCI] = globals()[base]
        return scheduled(trainer, int(number))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
