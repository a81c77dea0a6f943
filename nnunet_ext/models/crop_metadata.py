"""`crop_metadata.json`: how far beyond the cord the images were cropped that a model was trained on."""

import math
from collections.abc import Mapping
from typing import Any, Final

from nnunet_ext.core.errors import DataRefusedError

FACES: Final = ("superior", "inferior", "left", "right", "anterior", "posterior")


def crop_metadata(content: Mapping[str, Any]) -> dict[str, float]:
    """Take SCT's six keys, in SCT's order, and nothing else.

    Parameters
    ----------
    content
        Of a `crop_metadata.json`.

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
