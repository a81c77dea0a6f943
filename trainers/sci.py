"""The trainer for cord and lesion regions."""

import os
import random
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from nnunet_ext.core.atomic import atomic_path, write_text
from nnunet_ext.trainers.axes import mirroring_axes
from nnunet_ext.trainers.epoch_log import named_dice, nan_safe_average, progress_line, progress_table, region_names
from nnunet_ext.trainers.seeded_loaders import seeded_loaders
from nnunet_ext.trainers.settings import TrainerSettings


class nnUNetTrainerSCI(nnUNetTrainer):  # type: ignore[misc]  # nnU-Net ships no annotations
    """Region-based cord and lesion training, after SCIseg.

    nnU-Net's own sampling, augmentation, loss and schedule, and around them what a lab misses: regions named in the
    log, a progress line within the epoch, `progress.tsv`, a best checkpoint that an epoch without foreground cannot
    freeze, checkpoints that a kill cannot leave half-written, and a seed.

    The signature is nnU-Net's, which reads it by introspection: everything else is set in class attributes, in the
    plans (see `TrainerSettings`) or in the environment.
    """

    epochs: ClassVar[int | None] = None
    """Set by the `_Nepochs` variants; None keeps nnU-Net's number."""

    _best_ema: float | None

    def __init__(
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device = torch.device("cuda"),  # noqa: B008 - nnU-Net's signature, to the letter
    ) -> None:
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.settings = TrainerSettings.read(self.configuration_manager.configuration, os.environ)
        self.num_iterations_per_epoch = self.settings.iterations_per_epoch
        self.num_val_iterations_per_epoch = self.settings.validation_iterations_per_epoch
        self.save_every = self.settings.save_every
        if self.epochs is not None:
            self.num_epochs = self.epochs
        self.region_names = region_names(dataset_json["labels"])
        self._steps_done = 0
        self._epoch_started = self._last_progress = time.monotonic()

    def initialize(self) -> None:
        """Build network, optimiser and loss, from the seed where one is set."""
        if self.settings.seed is not None:
            _seed_everything(self.settings.seed)
        super().initialize()

    def configure_optimizers(self) -> tuple[torch.optim.Optimizer, Any]:
        """Take nnU-Net's SGD or, where the settings ask for it, AdamW; the rate falls to zero in both cases."""
        rate = self.settings.adamw_learning_rate
        if rate is None:
            optimizers: tuple[torch.optim.Optimizer, Any] = super().configure_optimizers()
            return optimizers
        self.initial_lr = rate
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=self.weight_decay)
        return optimizer, PolyLRScheduler(optimizer, rate, self.num_epochs)

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(self) -> tuple[Any, ...]:  # noqa: N802 - nnU-Net's
        """Mirror left and right only: a spine is never upside down nor back to front, and prediction gets 4x faster."""
        rotation, dummy_2d, patch_size, mirrored = super().configure_rotation_dummyDA_mirroring_and_inital_patch_size()
        file_axes = self.dataset_json.get("image_axes_nibabel")
        if file_axes is not None:  # a dataset that our converter did not write may lie in any orientation
            dimensions = len(self.configuration_manager.patch_size)
            mirrored = mirroring_axes(file_axes, self.plans_manager.transpose_forward, dimensions)
        self.inference_allowed_mirroring_axes = mirrored
        return rotation, dummy_2d, patch_size, mirrored

    def get_dataloaders(self) -> tuple[Any, Any]:
        """Start nnU-Net's loaders, with seeded workers where a seed is set."""
        seed = self.settings.seed
        if seed is None:
            loaders: tuple[Any, Any] = super().get_dataloaders()
            return loaders
        # A resumed training must not see the patches of its first epochs again, nor one GPU those of another.
        first = seed + 1_000 * self.current_epoch + 10_000_000 * self.local_rank
        return seeded_loaders(super().get_dataloaders, first, pin_memory=self.device.type == "cuda")

    def on_train_epoch_start(self) -> None:
        """Note when the epoch began, for its progress lines."""
        super().on_train_epoch_start()
        self._steps_done = 0
        self._epoch_started = time.monotonic()

    def train_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Take one step and, at the first of an epoch and every so many seconds, say how far it is."""
        with self._cpu_autocast():
            result: dict[str, Any] = super().train_step(batch)
        self._steps_done += 1
        self._report_progress(float(result["loss"]))
        return result

    def validation_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Validate one batch of patches."""
        with self._cpu_autocast():
            result: dict[str, Any] = super().validation_step(batch)
        return result

    def on_validation_epoch_end(self, val_outputs: list[dict[str, Any]]) -> None:
        """Log pseudo-Dice, with a moving average that passes over epochs without foreground."""
        super().on_validation_epoch_end(val_outputs)
        logged = self.logger.local_logger.my_fantastic_logging
        logged["ema_fg_dice"][:] = nan_safe_average(logged["mean_fg_dice"])

    def on_epoch_end(self) -> None:
        """Let nnU-Net log and save, then name the regions and write `progress.tsv`."""
        super().on_epoch_end()
        dice = self.logger.get_value("dice_per_class_or_region", step=-1)
        self.print_to_log_file("Pseudo dice by region:", named_dice(self.region_names, dice))
        if self.local_rank == 0:
            table = progress_table(self.region_names, self.logger.local_logger.my_fantastic_logging)
            write_text(Path(self.output_folder) / "progress.tsv", table)

    def perform_actual_validation(self, save_probabilities: bool = False) -> None:
        """Predict and score the validation cases."""
        with self._cpu_autocast():
            super().perform_actual_validation(save_probabilities)

    def save_checkpoint(self, filename: str) -> None:
        """Save so that a kill leaves either the old checkpoint or the new one, never a torn file."""
        if self.local_rank != 0 or self.disable_checkpointing:
            super().save_checkpoint(filename)
            return
        with atomic_path(Path(filename)) as temporary:
            super().save_checkpoint(str(temporary))

    def load_checkpoint(self, filename_or_checkpoint: str) -> None:
        """Resume; a best score that an older nnU-Net left as NaN is forgotten, or nothing could ever beat it."""
        super().load_checkpoint(filename_or_checkpoint)
        if np.isnan(self._best_ema or 0.0):
            self._best_ema = None

    def _report_progress(self, loss: float) -> None:
        now = time.monotonic()
        due = self._steps_done == 1 or now - self._last_progress >= self.settings.progress_seconds
        if self.local_rank != 0 or not due:
            return
        self._last_progress = now
        self.print_to_log_file(
            progress_line(
                epoch=(self.current_epoch + 1, self.num_epochs),
                step=(self._steps_done, self.num_iterations_per_epoch),
                seconds_per_step=(now - self._epoch_started) / self._steps_done,
                loss=loss,
            )
        )

    def _cpu_autocast(self) -> AbstractContextManager[Any]:
        if self.settings.cpu_bf16 and self.device.type == "cpu" and _cpu_has_bf16():
            return torch.autocast("cpu", dtype=torch.bfloat16)
        return nullcontext()


def _seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - nnU-Net draws from numpy's global generator
    torch.manual_seed(seed)


def _cpu_has_bf16() -> bool:
    return any(getattr(torch.cpu, name, bool)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
