"""The labelled dataset of a correction loop, and what of it and of the first model must stay as it is."""

import os

from nnunet_ext.active_learning.frozen import Frozen, freeze
from nnunet_ext.active_learning.settings import ActiveSettings
from nnunet_ext.cascade.plans import find_plans
from nnunet_ext.cli.predict.model import find_model
from nnunet_ext.core.environment import preprocessed_folder, required_folder
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.dataset_conversion.existing import Existing, read_existing
from nnunet_ext.models.entry_names import PLANS


def labelled_dataset(name: str) -> Existing | None:
    """Read the dataset of nnU-Net's name below `nnUNet_raw`; None where the name is empty.

    Raises
    ------
    EnvironmentProblemError
        Where `nnUNet_raw` is not set.
    ConflictError, DataRefusedError
        See `read_existing`.
    """
    return read_existing(RawDataset(required_folder("nnUNet_raw", os.environ) / name)) if name else None


def frozen_now(settings: ActiveSettings, existing: Existing | None) -> Frozen:
    """See who is tested on and what the plans are, to be frozen or held against what was.

    ``read_frozen(rounds).refuse_changed(frozen_now(settings, existing))`` is what each round begins with.
    """
    planned = None if existing is None else preprocessed_folder(existing.dataset.folder.name, os.environ)
    return freeze(existing, [find_model(settings.model, "-m") / PLANS, *(find_plans(planned) if planned else ())])
