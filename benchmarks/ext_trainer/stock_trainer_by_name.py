"""The one file that `nnUNet_extTrainer` points to in `trainer_gain.py`: see `nnunet_ext/ext_trainer` for why."""

from stock_trainer import nnUNetTrainerStock

__all__ = ["nnUNetTrainerStock"]
