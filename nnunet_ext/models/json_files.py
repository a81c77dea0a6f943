"""A model's JSON files, for which nobody vouches: read, and held against what prediction needs of them."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.errors import DataRefusedError, UnsafeModelError
from nnunet_ext.models.check_plans import READERS

FACES: Final = ("superior", "inferior", "left", "right", "anterior", "posterior")

_ENDING: Final = re.compile(r"(\.[A-Za-z0-9]+){1,3}", re.ASCII)
_ORIENTATION: Final = re.compile(r"[RL][AP][SI]|[RL][SI][AP]|[AP][RL][SI]|[AP][SI][RL]|[SI][RL][AP]|[SI][AP][RL]")


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a JSON file whose content is an object.

    Raises
    ------
    UnsafeModelError
        Where it is something else, is nested too deep, or names a key twice, which programs read differently.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise UnsafeModelError(f"{path.name}: a JSON object was needed: {error}") from error
    if not isinstance(content, dict):
        raise UnsafeModelError(f"{path.name}: a JSON object was needed, found {type(content).__name__}")
    return content


def check_dataset_json(content: Mapping[str, Any]) -> None:
    """Check the content of a model's `dataset.json`: what becomes a file name or is looked up.

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


def crop_metadata(content: Mapping[str, Any]) -> dict[str, float]:
    """Take of a `crop_metadata.json`, the margins of a crop to the cord, SCT's six keys, in SCT's order.

    Returns
    -------
    dict
        `pad_superior` and so on, in millimetres. SCT has no defaults and refuses a model that lacks one.

    Raises
    ------
    DataRefusedError
        Where one is missing, or is no distance.
    """
    keys = [f"pad_{face}" for face in FACES]
    for key in keys:
        value = content.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
            raise DataRefusedError(
                f"crop_metadata.json: {key} needs millimetres, found {value!r:.100}; "
                f"{', '.join(keys)} are needed, all of them"
            )
    return {key: content[key] for key in keys}


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands twice")
    return content


def _is_file_name(name: object) -> bool:
    odd = isinstance(name, str) and (set(name) & set('/\\:*?"<>|') or not name.isprintable() or name.startswith("."))
    return isinstance(name, str) and bool(name.strip()) and not odd
