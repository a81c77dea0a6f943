"""The trainer of the cascade's second stage."""

from collections.abc import Mapping
from typing import Any

import torch
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.trainers.sci import nnUNetTrainerSCI


class nnUNetTrainerCordCrop(nnUNetTrainerSCI):
    """`nnUNetTrainerSCI` on images that `nnunet_ext crop-dataset` cropped to the cord.

    Before hours of training it makes sure that dataset and plans are what prediction will meet: images that are zero
    outside the box, normalised over all of it.
    """

    @classmethod
    def prepare(
        cls, plans: dict[str, Any], configuration: str, dataset_json: Mapping[str, Any], device: torch.device
    ) -> None:
        """Refuse images or plans that prediction would not meet.

        Raises
        ------
        DataRefusedError
            With the command that helps.
        """
        if "crop" not in dataset_json:
            raise DataRefusedError(
                f"{plans['dataset_name']}: images cropped to the cord were needed, and its dataset.json knows of no "
                "crop; make a cropped dataset with: nnunet_ext crop-dataset --help"
            )
        known = {name: value for name, value in plans.items() if name != "continue_training"}
        if any(PlansManager(known).get_configuration(configuration).use_mask_for_norm):
            raise DataRefusedError(
                f"{plans['dataset_name']}, plans of {configuration}: use_mask_for_norm is on, which would normalise "
                "by what is not zero; after nnU-Net's planning and before its preprocessing, run: "
                "nnunet_ext crop-dataset --fix-plans, see its --help"
            )
