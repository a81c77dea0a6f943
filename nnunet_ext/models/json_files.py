"""A model's JSON files, for which nobody vouches: read, and held against what prediction needs of them."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.errors import DataRefusedError, UnsafeModelError
from nnunet_ext.core.read_json import without_doubles

FACES: Final = ("superior", "inferior", "left", "right", "anterior", "posterior")

_BYTES: Final = 1 << 26
_WHOLE: Final = 1 << 53


def read_json_object(path: Path, *, finite: bool = False) -> dict[str, Any]:
    """Read a JSON file whose content is an object.

    Parameters
    ----------
    finite
        Refuse NaN, infinity, and whole numbers that no float holds. nnU-Net itself writes NaN.

    Raises
    ------
    UnsafeModelError
        Where it is something else, is nested too deep, names a key twice, which programs read differently, or is of a
        size that no such file has.
    """
    if path.stat().st_size > _BYTES:
        raise UnsafeModelError(f"{path.name}: a JSON object of up to {_BYTES} bytes was needed")
    try:
        content = json.loads(
            path.read_bytes().decode("utf-8"), object_pairs_hook=without_doubles, **(_FINITE if finite else {})
        )
    except (ValueError, RecursionError) as error:
        raise UnsafeModelError(f"{path.name}: a JSON object was needed: {error}") from error
    if not isinstance(content, dict):
        raise UnsafeModelError(f"{path.name}: a JSON object was needed, found {type(content).__name__}")
    return content


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


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:60]}, which is no finite number")
    return value


def _whole(text: str) -> int:
    value = int(text)
    if abs(value) > _WHOLE:
        raise ValueError(f"{text[:60]}, which is beyond {_WHOLE}")
    return value


_FINITE: Final[dict[str, Any]] = {"parse_float": _finite, "parse_constant": _finite, "parse_int": _whole}
