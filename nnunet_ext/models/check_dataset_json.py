"""Checking `dataset.json`: what becomes a file name or is looked up."""

import re
from collections.abc import Mapping
from typing import Any, Final

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.models.check_plans import READERS

_ENDING: Final = re.compile(r"(\.[A-Za-z0-9]+){1,3}", re.ASCII)
_ORIENTATION: Final = re.compile(r"[RL][AP][SI]|[RL][SI][AP]|[AP][RL][SI]|[AP][SI][RL]|[SI][RL][AP]|[SI][AP][RL]")


def check_dataset_json(content: Mapping[str, Any]) -> None:
    """Check a model's `dataset.json`.

    Parameters
    ----------
    content
        Of the file.

    Raises
    ------
    UnsafeModelError
        Where a label's name or the file ending would lead a written mask elsewhere, the image reader is unknown, or
        what nnU-Net needs is missing.
    """
    labels, ending = content.get("labels"), content.get("file_ending")
    if not isinstance(labels, Mapping) or not labels:
        raise UnsafeModelError("dataset.json: labels were needed")
    for name, value in labels.items():
        if not _is_file_name(name):
            raise UnsafeModelError(f"dataset.json: the label {name!r:.100} becomes a file name, and leads elsewhere")
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(number, int) for number in values):
            raise UnsafeModelError(f"dataset.json: the label {name!r:.100} needs integers, found {value!r:.100}")
    if not isinstance(ending, str) or not _ENDING.fullmatch(ending):
        raise UnsafeModelError(f"dataset.json: a file ending such as .nii.gz was needed, found {ending!r:.100}")
    if not isinstance(content.get("channel_names", content.get("modality")), Mapping):
        raise UnsafeModelError("dataset.json: channel_names were needed")
    reader = content.get("overwrite_image_reader_writer", "None")
    if not isinstance(reader, str) or reader not in READERS | {"None"}:
        raise UnsafeModelError(
            f"dataset.json: the image reader {reader!r:.100} is none of {', '.join(sorted(READERS))}"
        )
    orientation = content.get("image_orientation", "RPI")
    if not isinstance(orientation, str) or not _ORIENTATION.fullmatch(orientation):
        raise UnsafeModelError(f"dataset.json: an orientation such as RPI was needed, found {orientation!r:.100}")


def _is_file_name(name: object) -> bool:
    odd = isinstance(name, str) and (set(name) & set('/\\:*?"<>|') or not name.isprintable() or name.startswith("."))
    return isinstance(name, str) and bool(name.strip()) and not odd
