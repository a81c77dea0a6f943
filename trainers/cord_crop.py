"""The trainer of the cascade's second stage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from nnunetv2.paths import nnUNet_raw
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from nnunet_ext.core.dataset_files.description import BOXED, SOURCE_FINGERPRINT
from nnunet_ext.core.dataset_files.fingerprint import fingerprint
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.read_json import read_json_object
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
        _refuse_outdated(plans["dataset_name"])
        known = {name: value for name, value in plans.items() if name != "continue_training"}
        if any(PlansManager(known).get_configuration(configuration).use_mask_for_norm):
            raise DataRefusedError(
                f"{plans['dataset_name']}, plans of {configuration}: use_mask_for_norm is on, which would normalise "
                "by what is not zero; after nnU-Net's planning and before its preprocessing, run: "
                "nnunet_ext crop-dataset --fix-plans, see its --help"
            )


def _refuse_outdated(dataset: str) -> None:
    """Refuse boxes that were made from another version of the dataset than there is now."""
    root = Path(str(nnUNet_raw)) if nnUNet_raw.is_set() else None
    record = None if root is None else root / dataset / BOXED
    if root is None or record is None or not record.is_file():
        return
    content = read_json_object(record)
    with refuse_malformed(record, "what crop-dataset leaves was needed", "box the dataset anew"):
        source = RawDataset(root / content["source"])
    if source.folder.is_dir() and fingerprint(source) != content.get(SOURCE_FINGERPRINT):
        raise DataRefusedError(
            f"{root / dataset}: was boxed from {content['source']}, which has changed since; to box it anew: "
            f"nnunet_ext crop-dataset {content['source']} ... --update, as it was made, with the new cases' cords"
        )
