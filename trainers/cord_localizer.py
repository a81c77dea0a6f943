"""The trainer of the cascade's first stage: where is the cord."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final

import torch
from nnunetv2.paths import nnUNet_preprocessed

from nnunet_ext.trainers.cord_configuration import CONFIGURATION, FULL, add_to_plans, cord_configuration, is_ours
from nnunet_ext.trainers.dataset_knowledge import settle_spine_plan
from nnunet_ext.trainers.sci import nnUNetTrainerSCI
from nnunet_ext.trainers.spine_plan import SamplingShares

_NNUNETS_EPOCHS: Final = 1000


class nnUNetTrainerCordLocalizer(nnUNetTrainerSCI):
    """A small network on coarse images, which finds the cord in a second or two.

    ``nnUNetv2_train 501 3d_cord 0 -tr nnUNetTrainerCordLocalizer`` needs no step before it but nnU-Net's planning and
    preprocessing: where the plans know no `3d_cord`, it is made from `3d_fullres` with the voxel size that
    `spine_plan.json` says (`localizer_spacing_mm`), added to the plans, and the dataset is preprocessed for it. Any
    other configuration is trained on as it is. Patches show the cord and what is around it; lesions are not sought
    out, though their region is learned too, as the dataset's labels have it.
    """

    most_epochs: ClassVar[int | None] = 250
    augmentation: ClassVar[Mapping[str, Any]] = MappingProxyType({"border_probability": 0.0})

    @classmethod
    def prepare(
        cls, plans: dict[str, Any], configuration: str, dataset_json: Mapping[str, Any], device: torch.device
    ) -> None:
        """Make `3d_cord` ready, unless the user has made one of that name."""
        known = plans["configurations"].get(configuration)
        if configuration != CONFIGURATION or (known is not None and not is_ours(known)):
            return
        name = plans["dataset_name"]
        preprocessed = Path(str(nnUNet_preprocessed)) / name
        first = not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0
        # The shares in it are for the trainings that come after: this one draws about the cord alone.
        plan = settle_spine_plan(
            preprocessed, dataset_json, plans, FULL, epochs=_NNUNETS_EPOCHS, on_gpu=device.type != "cpu", write=first
        )
        plans["configurations"][CONFIGURATION] = cord_configuration(plans, plan.localizer_spacing_mm)
        add_to_plans(preprocessed / f"{plans['plans_name']}.json", plans["configurations"][CONFIGURATION])

    def sampling(self) -> SamplingShares:
        """Give the lesions' share to the cord."""
        shares = super().sampling()
        return SamplingShares(0.0, shares.lesion + shares.cord, shares.anywhere)
