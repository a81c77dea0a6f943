"""A trained model as nnU-Net keeps it: read and checked, and not yet a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class TrainedFold:
    """The weights of one fold.

    Parameters
    ----------
    name
        `0` to `4`, or `all`.
    weights
        The network's state, by parameter name.
    sha256
        Of the checkpoint's file.
    """

    name: str
    weights: Mapping[str, "Tensor"]
    sha256: str


@dataclass(frozen=True)
class TrainedModel:
    """All that prediction needs of a model.

    Parameters
    ----------
    name
        `DatasetXXX_NAME/TRAINER__PLANS__CONFIGURATION`, or the folder's own name where it is none of nnU-Net's.
    plans, dataset_json
        Content of its `plans.json` and `dataset.json`.
    configuration
        Of the plans.
    trainer
        Name of the class that builds the network.
    mirroring_axes
        Axes of the patch that prediction may mirror; None for none.
    folds
        At least one; of several the mean of their logits is taken, as nnU-Net does.
    """

    name: str
    plans: Mapping[str, Any]
    dataset_json: Mapping[str, Any]
    configuration: str
    trainer: str
    mirroring_axes: tuple[int, ...] | None
    folds: tuple[TrainedFold, ...]
