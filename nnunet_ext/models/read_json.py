"""Reading a JSON file that nobody vouches for."""

import json
from pathlib import Path
from typing import Any

from nnunet_ext.core.errors import UnsafeModelError


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


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands twice")
    return content
