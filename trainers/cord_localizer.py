"""The trainer of the cascade's first stage: where is the cord."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final

import torch
from nnunetv2.paths import nnUNet_preprocessed

from nnunet_ext.trainers.cord_configuration import CONFIGURATION, SPACING, add_to_plans, cord_configuration
from nnunet_ext.trainers.dataset_knowledge import settle_spine_plan
from nnunet_ext.trainers.expect_little import expect_little
from nnunet_ext.trainers.sci import nnUNetTrainerSCI
from nnunet_ext.trainers.spine_plan import EVERY, SamplingShares

_SAME: Final = 0.1
"""Of the voxel size: a few new cases do not make another network, which folds that are trained already cannot join."""


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
        if configuration != CONFIGURATION or (known is not None and SPACING not in known):  # a user's own stays
            return
        name = plans["dataset_name"]
        preprocessed = Path(str(nnUNet_preprocessed)) / name
        # What is renewed in it is kept, and told in the log, once there is one: see `initialize`.
        plan, _ = settle_spine_plan(preprocessed, dataset_json, plans, None, write=False)
        spacing = plan.localizer_spacing_mm
        before = spacing if known is None else known[SPACING]
        if abs(before - spacing) < _SAME * spacing and not plan.is_edited(SPACING):
            spacing = before
        plans["configurations"][CONFIGURATION] = cord_configuration(plans, spacing)
        add_to_plans(preprocessed / f"{plans['plans_name']}.json", plans["configurations"][CONFIGURATION])

    def initialize(self) -> None:
        """Build all as the other trainers do, and expect little cord to begin with."""
        super().initialize()
        expect_little(self.network, regions=self.label_manager.has_regions)

    def sampling(self) -> SamplingShares:
        """Give the lesions' share to the cord, unless somebody edited the shares."""
        shares = super().sampling()
        named = self.configuration_name if self.configuration_name in self.spine_plan.sampling else EVERY
        if self.spine_plan.is_edited(f"sampling.{named}"):
            return shares
        return SamplingShares(0.0, shares.lesion + shares.cord, shares.anywhere)
