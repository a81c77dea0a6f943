"""The model that a correction loop starts from."""

import os
from pathlib import Path
from typing import Final

from nnunet_ext.core.environment import folder_of
from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import Target
from nnunet_ext.models.default_models import CORD, CORD_LESION
from nnunet_ext.models.entry_names import PLANS

_SHIPPED: Final = (CORD, CORD_LESION)  # each is called as its target is
_NO_REGION: Final = ("background", "ignore")


def first_model(target: str, dataset: str) -> str:
    """Name the model where none was named: the only one that is trained on the dataset, else the shipped one.

    Parameters
    ----------
    target
        Its name.
    dataset
        nnU-Net's name; empty where there is none.

    Raises
    ------
    UsageError
        Where several are trained on the dataset, or none comes with the package for the target.
    """
    results = folder_of("nnUNet_results", os.environ)
    found = sorted(results.glob(f"{dataset}/*__*__*/{PLANS}")) if dataset and results is not None else []
    names = [f"{dataset}/{file.parent.name}" for file in found]
    if len(names) > 1:
        raise UsageError(f"one model to start from was needed, found {', '.join(names)}; name one: -m {names[0]}")
    if names:
        return names[0]
    if target not in _SHIPPED:
        raise UsageError(f"no model for target {target} comes with nnunet_ext; name one of your own: -m MODEL")
    return target


def refuse_other_regions(model: Path, target: Target) -> None:
    """Refuse a model that segments something else than the target.

    Raises
    ------
    UsageError
        With the regions of both.
    """
    labels = RawDataset(model).read_dataset_json()["labels"]
    found = [name for name in labels if name not in _NO_REGION]
    needed = [name for name, _ in target.regions]
    if found != needed:
        raise UsageError(
            f"{model.name}: a model of {', '.join(needed)} was needed, as target {target.name} says, found one of "
            f"{', '.join(found)}; name another: -m MODEL, or another --target"
        )
