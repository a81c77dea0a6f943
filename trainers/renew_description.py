"""Bringing nnU-Net's copy of a dataset's `dataset.json` up to date, before a trainer is made of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnunetv2.paths import nnUNet_preprocessed, nnUNet_raw

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.dataset_files.description import DATASET_JSON, is_ours
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.raw_dataset import RawDataset


def renew_description(dataset: str, content: dict[str, Any]) -> None:
    """Take over what the raw dataset says of its labels and cases now, into the file and into what was read of it.

    Parameters
    ----------
    dataset
        Name of its folder. Where its raw folder is not there, or is not ours, nothing is done.
    content
        As nnU-Net read it, and hands it to the trainer; changed in place.

    Raises
    ------
    DataRefusedError
        Where channels or classes are others than nnU-Net's plans were made for.
    """
    raw = RawDataset(Path(str(nnUNet_raw)) / dataset) if nnUNet_raw.is_set() else None
    if raw is None or not is_ours(raw):
        return
    copy = Path(str(nnUNet_preprocessed)) / dataset / DATASET_JSON
    before = json.loads(copy.read_text(encoding="utf-8")) if copy.is_file() else {}
    now = raw.read_dataset_json()
    if _task(content) != _task(now):
        number = dataset.removeprefix("Dataset").split("_")[0]
        raise DataRefusedError(
            f"{copy.parent}: nnU-Net planned for channels and labels that the dataset has no more "
            f"({_task(content)}, now {_task(now)}); run: nnUNetv2_plan_and_preprocess -d {int(number)} --clean"
        )
    if content == before:
        content.clear()
    content.update(now)
    if now != before:
        write_json(copy, now)


def _task(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a network depends on; an ignore label is none of it."""
    labels = {name: value for name, value in content["labels"].items() if name != "ignore"}
    return {"channel_names": content["channel_names"], "labels": labels}
