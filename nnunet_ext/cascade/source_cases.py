"""The cases of a raw dataset, each with its predicted cord."""

from collections.abc import Mapping
from typing import Any, Final

from nnunet_ext.cascade.cords import PredictedCord
from nnunet_ext.cascade.crop_case import SourceCase
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import FIRST_CHANNEL
from nnunet_ext.core.raw_dataset import FILE_ENDING, RawDataset

_FIRST_CHANNEL: Final = f"{FIRST_CHANNEL}{FILE_ENDING}"
_SHOWN: Final = 5


def source_cases(
    source: RawDataset, content: Mapping[str, Any], cords: Mapping[str, PredictedCord]
) -> list[SourceCase]:
    """List what there is to box of a raw dataset: training cases first, each set sorted by name.

    Raises
    ------
    DataRefusedError
        Where the images lie elsewhere or are of another format, a channel or a training label is missing, or no
        training case has a cord.
    """
    _refuse_other_layouts(source, content)
    channels = len(content["channel_names"])
    cases = []
    for split in ("train", "test"):
        folder = source.image("case", split).parent
        for first in sorted(folder.glob(f"*{_FIRST_CHANNEL}")):
            cases.append(_case(source, first.name.removesuffix(_FIRST_CHANNEL), split, channels, cords))
    training = [case for case in cases if case.split == "train"]
    missing = [case.case for case in training if case.label is None]
    if missing or not training:
        raise DataRefusedError(
            f"{source.folder}: training cases with their labels were needed; of {len(training)} in imagesTr "
            f"{len(missing)} have none in labelsTr: {', '.join(missing[:_SHOWN]) or 'n/a'}"
        )
    if all(case.cord is None for case in training):
        raise DataRefusedError(
            f"{source.folder}: of its {len(training)} training cases, the first {training[0].case}, none has a "
            f"predicted cord in the folders given with --cords; their files need the names of the cases"
        )
    return cases


def _case(source: RawDataset, case: str, split: str, channels: int, cords: Mapping[str, PredictedCord]) -> SourceCase:
    images = tuple(source.image(case, split, channel) for channel in range(channels))
    for image in images:
        if not image.exists():
            raise DataRefusedError(f"{image}: dataset.json names {channels} channels, and this one is not there")
    label = source.label(case, split)
    return SourceCase(case, split, images, label if label.exists() else None, cords.get(case))


def _refuse_other_layouts(source: RawDataset, content: Mapping[str, Any]) -> None:
    where = source.folder / "dataset.json"
    if "dataset" in content:  # nnU-Net then reads the files listed there, and would train on images without a box
        raise DataRefusedError(f"{where}: images in imagesTr were needed, and it lists files under the key `dataset`")
    if content.get("file_ending") != FILE_ENDING:
        raise DataRefusedError(f"{where}: file_ending {FILE_ENDING} was needed, found {content.get('file_ending')}")
    if not isinstance(content.get("channel_names"), dict) or not isinstance(content.get("labels"), dict):
        raise DataRefusedError(f"{where}: channel_names and labels were needed, as nnU-Net v2 has them")
