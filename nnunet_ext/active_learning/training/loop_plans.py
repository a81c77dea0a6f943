"""The plans that a loop trains by: those of the model that it starts from, so that its weights fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.read_json import read_json_object

_OF_A_RUN: Final = "continue_training"  # nnU-Net notes in the plans of a model how it was started last
_NO_CLASS: Final = ("background", "ignore")


@dataclass(frozen=True)
class LoopPlans:
    """Plans of one network.

    Parameters
    ----------
    name
        As `nnUNetv2_train -p` takes it.
    configuration
        That is trained.
    content
        Of the file.
    stands
        Whether a file with this content is there already.
    """

    name: str
    configuration: str
    content: Mapping[str, Any]
    stands: bool


def loop_plans(
    model: Mapping[str, Any], configuration: str, dataset_json: Mapping[str, Any], folder: Path
) -> LoopPlans:
    """Find the plans of a model among those of a dataset, or make them for the dataset.

    Plans of the dataset's own that are the model's to the letter are taken as they are. Others are made: one
    configuration, its preprocessed images in a folder of their own, under a name that no other plans have.

    Parameters
    ----------
    model
        Plans of the model that the loop starts from.
    configuration
        Of that model.
    dataset_json
        Of the dataset.
    folder
        The dataset's in `nnUNet_preprocessed`, whether it is there or not.
    """
    own = {key: value for key, value in model.items() if key != _OF_A_RUN}
    name = str(model["plans_name"])
    if _content(folder / f"{name}.json") == own:
        return LoopPlans(name, configuration, own, stands=True)
    base, number = name, 0
    while True:
        made = _made(own, configuration, dataset_json, folder.name, name)
        there = _content(folder / f"{name}.json")
        if there is None or there == made:
            return LoopPlans(name, configuration, made, stands=there is not None)
        number += 1
        name = f"{base}Loop{number if number > 1 else ''}"


def refuse_other_task(model: Mapping[str, Any], dataset: Mapping[str, Any], *, where: str) -> None:
    """Refuse a model whose weights cannot go on with a dataset.

    Parameters
    ----------
    model, dataset
        Content of both files `dataset.json`.
    where
        The dataset's name, for messages.

    Raises
    ------
    UsageError
        Where channels or regions differ.
    """
    for what, key in (
        ("channels", "channel_names"),
        ("regions", "labels"),
        ("order", "regions_class_order"),
    ):
        one, other = _told(model, key), _told(dataset, key)
        if one != other:
            raise UsageError(
                f"{where}: has the {what} {other}, and the model that the loop starts from {one}, so that it cannot go "
                "on with it; begin a loop with a model of this very task: nnunet_ext active init -m MODEL"
            )


def _told(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content.get(key, {})
    return [one for one in value.items() if one[0] not in _NO_CLASS] if isinstance(value, Mapping) else list(value)


def _content(file: Path) -> dict[str, Any] | None:
    if not file.is_file():
        return None
    content = read_json_object(file, "a plans file of nnU-Net was needed", finite=False)
    return {key: value for key, value in content.items() if key != _OF_A_RUN}


def _made(
    own: Mapping[str, Any], configuration: str, dataset_json: Mapping[str, Any], dataset: str, name: str
) -> dict[str, Any]:
    reader = dataset_json.get("overwrite_image_reader_writer", own["image_reader_writer"])
    resolved = {**_resolved(own["configurations"], configuration), "data_identifier": f"{name}_{configuration}"}
    return {
        **own,
        "dataset_name": dataset,
        "plans_name": name,
        "image_reader_writer": reader,
        "configurations": {configuration: resolved},
    }


def _resolved(configurations: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Put a configuration together with those that it inherits from, as nnU-Net does."""
    own = dict(configurations[name])
    parent = own.pop("inherits_from", None)
    return own if parent is None else {**_resolved(configurations, parent), **own}
