"""Checking a model's `dataset.json`: what becomes a file name, a path or a number of layers."""

import re
from collections.abc import Mapping
from typing import Any, Final

from nnunet_ext.core.errors import DataRefusedError, UnsafeModelError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.target import label_values
from nnunet_ext.models.check_plans import READERS
from nnunet_ext.models.json_files import FACES, crop_metadata

_ENDING: Final = re.compile(r"(\.[A-Za-z0-9]+){1,3}", re.ASCII)
_ORIENTATION: Final = re.compile(r"[RL][AP][SI]|[RL][SI][AP]|[AP][RL][SI]|[AP][SI][RL]|[SI][RL][AP]|[SI][AP][RL]")
_VALUES: Final = range(1 << 15)
_MOST: Final = 1000
_DIGITS: Final = 10
_IGNORE: Final = "ignore"


def check_dataset_json(content: Mapping[str, Any]) -> None:
    """Check the content of a model's `dataset.json`: what becomes a file name or is looked up.

    Raises
    ------
    UnsafeModelError
        Where a label's name or the file ending would lead a written mask elsewhere, the image reader is unknown, or
        what nnU-Net needs is missing or of another kind.
    """
    _check_labels(content.get("labels"))
    _check_channels(content.get("channel_names", content.get("modality")))
    ending = content.get("file_ending")
    if not isinstance(ending, str) or not _ENDING.fullmatch(ending):
        raise UnsafeModelError(f"dataset.json: a file ending such as .nii.gz was needed, found {ending!r:.100}")
    reader = content.get("overwrite_image_reader_writer", "None")
    if not isinstance(reader, str) or reader not in READERS | {"None"}:
        raise UnsafeModelError(
            f"dataset.json: the image reader {reader!r:.100} is none of {', '.join(sorted(READERS))}"
        )
    for key in ("image_orientation", "image_axes_nibabel"):
        orientation = content.get(key, "RPI")
        if not isinstance(orientation, str) or not _ORIENTATION.fullmatch(orientation):
            raise UnsafeModelError(
                f"dataset.json: {key}: an orientation such as RPI was needed, found {orientation!r:.100}"
            )
    order = content.get("regions_class_order")
    if order is not None and not (isinstance(order, list) and all(map(_is_value, order))):
        raise UnsafeModelError(f"dataset.json: regions_class_order needs integers, found {order!r:.100}")
    _check_crop(content.get("crop"))
    try:
        Labelling.of_model(content)
    except DataRefusedError as error:
        raise UnsafeModelError(str(error)) from error


def _check_labels(labels: object) -> None:
    if not isinstance(labels, Mapping) or not labels or len(labels) > _MOST:
        raise UnsafeModelError("dataset.json: labels were needed")
    for name, value in labels.items():
        if not _is_file_name(name):
            raise UnsafeModelError(f"dataset.json: the label {name!r:.100} becomes a file name, and leads elsewhere")
        values = value if isinstance(value, list) else [value]
        if not 0 < len(values) <= _MOST or not all(map(_is_value, values)):
            raise UnsafeModelError(f"dataset.json: the label {name!r:.100} needs integers, found {value!r:.100}")
    if "background" not in labels or label_values(labels["background"]) != (0,):
        raise UnsafeModelError("dataset.json: the label background was needed, with the value 0")
    _check_ignore(labels)


def _check_ignore(labels: Mapping[str, Any]) -> None:
    if _IGNORE not in labels:
        return
    highest = max(number for name, value in labels.items() if name != _IGNORE for number in label_values(value))
    if labels[_IGNORE] != highest + 1:
        raise UnsafeModelError(
            f"dataset.json: the label {_IGNORE} needs the value after the others, {highest + 1}, found "
            f"{labels[_IGNORE]!r:.100}"
        )


def _check_channels(channels: object) -> None:
    if not isinstance(channels, Mapping) or not 0 < len(channels) < _MOST:
        raise UnsafeModelError("dataset.json: channel_names were needed")
    for key in map(str, range(len(channels))):
        if not isinstance(channels.get(key), str) or not channels[key].isprintable():
            raise UnsafeModelError(
                f"dataset.json: channel_names need a name for each of 0 to {len(channels) - 1}, found "
                f"{channels.get(key)!r:.100} for {key}"
            )


def _check_crop(crop: object) -> None:
    if crop is None:
        return
    margins = crop.get("margins_mm") if isinstance(crop, Mapping) else None
    if not isinstance(margins, Mapping):
        raise UnsafeModelError(f"dataset.json: crop needs margins_mm, found {crop!r:.100}")
    try:
        crop_metadata({f"pad_{face}": margins.get(face) for face in FACES})
    except DataRefusedError as error:
        raise UnsafeModelError(f"dataset.json: crop: margins_mm: {error}") from error


def _is_value(number: object) -> bool:
    """Tell whether nnU-Net takes it for a label value: a whole number, or a text of its digits."""
    if isinstance(number, str):
        return len(number) < _DIGITS and number.isascii() and number.isdigit() and int(number) in _VALUES
    return isinstance(number, int) and not isinstance(number, bool) and number in _VALUES


def _is_file_name(name: object) -> bool:
    odd = isinstance(name, str) and (set(name) & set('/\\:*?"<>|') or not name.isprintable() or name.startswith("."))
    return isinstance(name, str) and bool(name.strip()) and not odd
