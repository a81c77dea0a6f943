"""What `trainer_gain.py` sets beside our trainers: nnU-Net's own, given the same number of the same steps."""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from nnunet_ext.core.cpu import cpu_has_bf16
from nnunet_ext.trainers.settings import TrainerSettings

EPOCHS_VARIABLE = "nnUNet_ext_benchmark_epochs"


class nnUNetTrainerStock(nnUNetTrainer):  # type: ignore[misc]  # noqa: N801 - nnU-Net's naming, without annotations
    """Stock sampling, loss, augmentation and mirroring; length, optimiser, precision and seed as ours in the plans.

    The seed settles the first weights. Stock nnU-Net seeds its augmentation from the system, and so it stays.
    """

    def __init__(
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device = torch.device("cuda"),  # noqa: B008 - nnU-Net's signature
    ) -> None:
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.settings = TrainerSettings.read(self.configuration_manager.configuration, os.environ)
        self.num_iterations_per_epoch = self.settings.iterations_per_epoch
        self.num_val_iterations_per_epoch = self.settings.validation_iterations_per_epoch
        self.save_every = self.settings.save_every
        self.num_epochs = int(os.environ[EPOCHS_VARIABLE])

    def initialize(self) -> None:
        if self.settings.seed is not None:
            torch.manual_seed(self.settings.seed)
        super().initialize()

    def configure_optimizers(self) -> tuple[torch.optim.Optimizer, Any]:
        rate = self.settings.adamw_learning_rate
        if rate is None:
            optimizers: tuple[torch.optim.Optimizer, Any] = super().configure_optimizers()
            return optimizers
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=self.weight_decay)
        return optimizer, PolyLRScheduler(optimizer, rate, self.num_epochs)

    def train_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        with self._autocast():
            result: dict[str, Any] = super().train_step(batch)
        return result

    def validation_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        with self._autocast():
            result: dict[str, Any] = super().validation_step(batch)
        return result

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.settings.cpu_bf16 and self.device.type == "cpu" and cpu_has_bf16():
            return torch.autocast("cpu", dtype=torch.bfloat16)
        return nullcontext()
