"""The trainer for cord and lesion regions."""

import math
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final

import numpy as np
import torch
from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from nnunet_ext.core.atomic import atomic_path, write_text
from nnunet_ext.core.cpu import cpu_has_bf16
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.leftovers import sweep
from nnunet_ext.trainers.annotation_loss import AnnotationAwareLoss, annotation_aware
from nnunet_ext.trainers.axes import patch_affine, tensor_axis
from nnunet_ext.trainers.case_weights import case_weights
from nnunet_ext.trainers.dataset_knowledge import known_where_ignored, settle_spine_plan
from nnunet_ext.trainers.epoch_log import named_dice, nan_safe_average, progress_line, progress_table
from nnunet_ext.trainers.region_knowledge import RegionKnowledge
from nnunet_ext.trainers.renew_preprocessed import renew_description, renew_preprocessed
from nnunet_ext.trainers.seeded_loader import SeededLoader
from nnunet_ext.trainers.seeds import Seeds
from nnunet_ext.trainers.settings import TrainerSettings
from nnunet_ext.trainers.spine_loader import Drawing, PlaceLabels, spine_loader
from nnunet_ext.trainers.spine_loaders import spine_loaders
from nnunet_ext.trainers.spine_plan import SamplingShares
from nnunet_ext.trainers.transforms.augmentation import SpineAugmentation
from nnunet_ext.trainers.transforms.insert import insert_spine_transforms
from nnunet_ext.trainers.transforms.lesion_injection import lesion_injection
from nnunet_ext.trainers.transforms.spine_transforms import spine_transforms

_MOST_WITHOUT_GPU: Final = 100


class nnUNetTrainerSCI(nnUNetTrainer):  # type: ignore[misc]  # nnU-Net ships no annotations
    """Region-based cord and lesion training, after SCIseg.

    Patches show lesions, cord and background in shares that the dataset itself suggests (`spine_plan.json`, beside
    nnU-Net's plans), small lesions as often as large ones. A case whose lesions nobody annotated teaches the cord, and
    only the cord. Images are spoiled as spines are, lesion borders drawn as another rater might. Around that what a
    lab misses: regions named in the log, a progress line within the epoch, `progress.tsv`, a best checkpoint that an
    epoch without foreground cannot freeze, checkpoints that a kill cannot leave half-written, and a seed.

    The signature is nnU-Net's, which reads it by introspection: everything else is set in class attributes, in the
    plans (see `TrainerSettings`) or in the environment.
    """

    epochs: ClassVar[int | None] = None
    """Set by the `_Nepochs` variants; None takes the spine plan's number."""

    most_epochs: ClassVar[int | None] = None
    """Of a trainer that needs no longer schedule, unless somebody edited the spine plan's epochs."""

    learning_rate_factor: ClassVar[float] = 1.0
    """Of a trainer that starts from something learned already."""

    augmentation: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Values of `SpineAugmentation` that hold for this trainer, unless somebody edited them in the spine plan."""

    balance_contrasts: ClassVar[bool] = False
    """Draw each contrast as often as another, unless the spine plan gives weights of contrasts."""

    rehearse: ClassVar[bool] = False
    """Draw new and old cases in the shares that the spine plan says."""

    _best_ema: float | None
    _aware: AnnotationAwareLoss | None = None

    def __init__(
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device = torch.device("cuda"),  # noqa: B008 - nnU-Net's signature, to the letter
    ) -> None:
        renew_description(str(plans["dataset_name"]), dataset_json)
        self.prepare(plans, configuration, dataset_json, device)
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.settings = TrainerSettings.read(self.configuration_manager.configuration, os.environ)
        self.num_iterations_per_epoch = self.settings.iterations_per_epoch
        self.num_val_iterations_per_epoch = self.settings.validation_iterations_per_epoch
        self.save_every = self.settings.save_every
        if self.epochs is not None:
            self.num_epochs = self.epochs
        self.initial_lr *= self.learning_rate_factor
        self.region_names = list(Labelling.of_dataset_json(dataset_json).names)
        self._steps_done = 0
        self._epoch_started = self._last_progress = time.monotonic()

    @classmethod
    def prepare(
        cls, plans: dict[str, Any], configuration: str, dataset_json: Mapping[str, Any], device: torch.device
    ) -> None:
        """Look at what the training is to be made from, and change the plans, before nnU-Net reads them.

        A hook for trainers that would else each repeat nnU-Net's signature; this one leaves all as it is.
        """

    def initialize(self) -> None:
        """Bring what was derived from the dataset up to date, then build network, optimiser and loss from the seed."""
        if not self.was_initialized:
            renew_preprocessed(self.plans_manager.plans, self.configuration_name, self.print_to_log_file)
        self.spine_plan, said = settle_spine_plan(
            Path(self.preprocessed_dataset_folder_base),
            self.dataset_json,
            self.plans_manager.plans,
            self.configuration_name,
            write=self.local_rank == 0,
        )
        for sentence in said:
            self.print_to_log_file(sentence)
        if self.epochs is None:
            self.num_epochs = self._planned_epochs()
        self._knowledge: dict[str, RegionKnowledge] = known_where_ignored(
            self.label_manager, self.dataset_json, self.spine_plan
        )
        if self.settings.seed is not None:
            Seeds.of(self.settings.seed).sow()
        super().initialize()

    def _planned_epochs(self) -> int:
        """Take the plan's epochs, or fewer where neither trainer nor machine bears as many and nobody edited them."""
        planned = self.spine_plan.epochs
        machine = _MOST_WITHOUT_GPU if self.device.type == "cpu" else None
        bearable = {f"{type(self).__name__} needs no more": self.most_epochs, "there is no GPU": machine}
        limits = {why: most for why, most in bearable.items() if most is not None and most < planned}
        if not limits or self.spine_plan.is_edited("epochs"):
            return planned
        why, fewest = min(limits.items(), key=lambda limit: limit[1])
        self.print_to_log_file(
            f"{fewest} epochs instead of the {planned} that the data suggest: {why}. To have another number, edit "
            "epochs in spine_plan.json or name the trainer with a suffix such as _500epochs"
        )
        return fewest

    def _build_loss(self) -> Any:  # noqa: ANN401 - nnU-Net is unannotated
        """Take nnU-Net's loss, with a mask for each region where classes were not annotated."""
        loss, self._aware = annotation_aware(super()._build_loss())
        return loss

    def configure_optimizers(self) -> tuple[torch.optim.Optimizer, Any]:
        """Take nnU-Net's SGD or, where the settings ask for it, AdamW; the rate falls to zero in both cases."""
        rate = self.settings.adamw_learning_rate
        if rate is None:
            optimizers: tuple[torch.optim.Optimizer, Any] = super().configure_optimizers()
            return optimizers
        self.initial_lr = rate * self.learning_rate_factor
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=self.initial_lr, weight_decay=self.weight_decay)
        return optimizer, PolyLRScheduler(optimizer, self.initial_lr, self.num_epochs)

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(self) -> tuple[Any, ...]:  # noqa: N802 - nnU-Net's
        """Mirror left and right only: a spine is never upside down nor back to front, and prediction gets 4x faster."""
        rotation, dummy_2d, patch_size, mirrored = super().configure_rotation_dummyDA_mirroring_and_inital_patch_size()
        file_axes = self.dataset_json.get("image_axes_nibabel")
        if file_axes is not None:  # a dataset that our converter did not write may lie in any orientation
            dimensions = len(self.configuration_manager.patch_size)
            side = tensor_axis("LR", file_axes, self.plans_manager.transpose_forward, dimensions)
            mirrored = None if side is None else (side,)
        self.inference_allowed_mirroring_axes = mirrored
        return rotation, dummy_2d, patch_size, mirrored

    def get_dataloaders(self) -> tuple[Any, Any]:
        """Start nnU-Net's loaders, the training one with our patches and transforms; seeded where a seed is set."""
        # A resumed training must not see the patches of its first epochs again, nor one GPU those of another.
        seeds = Seeds.of(self.settings.seed).within(self.current_epoch, self.local_rank)

        def change(stock: Any) -> SeededLoader:  # noqa: ANN401 - nnU-Net is unannotated
            stock.transforms = insert_spine_transforms(stock.transforms, self._spine_transforms())
            return spine_loader(stock, self._drawing(stock.indices))

        return spine_loaders(super().get_dataloaders, change, seeds, pin_memory=self.device.type == "cuda")

    def sampling(self) -> SamplingShares:
        """Say what patches show: as the spine plan says of this configuration."""
        return self.spine_plan.shares(self.configuration_name)

    def _drawing(self, cases: Sequence[str]) -> Drawing:
        plan = self.spine_plan
        voxel_mm3 = math.prod(self.plans_manager.original_median_spacing_after_transp)
        if len(self.configuration_manager.spacing) == 3:
            voxel_mm3 = math.prod(self.configuration_manager.spacing)
        return Drawing(
            shares=self.sampling(),
            labels=PlaceLabels.of_dataset_json(self.dataset_json),
            smallest_lesion=plan.smallest_lesion_mm3 / voxel_mm3,
            weights=case_weights(plan, cases, balance_contrasts=self.balance_contrasts, rehearse=self.rehearse),
        )

    def _spine_transforms(self) -> list[Any]:
        patch, spacing = self.configuration_manager.patch_size, self.configuration_manager.spacing
        file_axes = self.dataset_json.get("image_axes_nibabel", "LAS")
        transposed = self.plans_manager.transpose_forward
        labels, labelling = PlaceLabels.of_dataset_json(self.dataset_json), Labelling.of_dataset_json(self.dataset_json)
        # What a lesion may grow into: cord that is no lesion, or background where there is no cord.
        inside = [value for value in labels.cord if value not in (*labels.lesion, labelling.ignore)]
        augmentation = self._augmentation()
        affine = patch_affine(file_axes, transposed, spacing) if len(patch) == 3 else None
        spoiling = spine_transforms(
            patch,
            {name: tensor_axis(name, file_axes, transposed, len(patch)) for name in ("SI", "AP", "LR")},
            augmentation,
            spacing=spacing,
            lesion_label=labels.lesion[0] if len(labels.lesion) == 1 else None,
            inside_label=inside[0] if inside else 0,
            image_channels=list(labelling.image_channels),
        )
        return [*lesion_injection(augmentation, labelling, affine), *spoiling]

    def _augmentation(self) -> SpineAugmentation:
        """Take the plan's, as far as a training of this length bears it."""
        planned = self.spine_plan.augmentation_over(self.augmentation)
        steps = self.num_epochs * self.num_iterations_per_epoch
        if steps < planned.full_after_steps and self.local_rank == 0:
            self.print_to_log_file(
                f"Images are spoiled at {100 * steps / planned.full_after_steps:.3g} % of the planned probabilities: "
                f"{steps} steps, full after {planned.full_after_steps} (full_after_steps in spine_plan.json)"
            )
        return planned.in_a_training_of(steps)

    def on_train_epoch_start(self) -> None:
        """Note when the epoch began, for its progress lines."""
        super().on_train_epoch_start()
        self._steps_done = 0
        self._epoch_started = time.monotonic()

    def train_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Take one step and, at the first of an epoch and every so many seconds, say how far it is."""
        self._expect(batch)
        with self._cpu_autocast():
            result: dict[str, Any] = super().train_step(batch)
        self._steps_done += 1
        self._report_progress(float(result["loss"]))
        return result

    def validation_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Validate one batch of patches."""
        self._expect(batch)
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
        """Save so that a kill leaves either the old checkpoint or the new one, and the next save no half of one."""
        if self.local_rank != 0 or self.disable_checkpointing:
            super().save_checkpoint(filename)
            return
        sweep(Path(filename).parent, below=False)
        with atomic_path(Path(filename)) as temporary:
            super().save_checkpoint(str(temporary))

    def load_checkpoint(self, filename_or_checkpoint: str) -> None:
        """Resume; a best score that an older nnU-Net left as NaN is forgotten, or nothing could ever beat it."""
        super().load_checkpoint(filename_or_checkpoint)
        if np.isnan(self._best_ema or 0.0):
            self._best_ema = None

    def _expect(self, batch: dict[str, Any]) -> None:
        if self._aware is not None:
            self._aware.expect([self._knowledge.get(case) for case in batch["keys"]])

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
        if self.settings.cpu_bf16 and self.device.type == "cpu" and cpu_has_bf16():
            return torch.autocast("cpu", dtype=torch.bfloat16)
        return nullcontext()
