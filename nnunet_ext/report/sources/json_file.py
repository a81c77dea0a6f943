"""JSON objects that may be missing."""

import json
from pathlib import Path
from typing import Any

from nnunet_ext.core.errors import FileRefusedError


def json_file(path: Path) -> dict[str, Any]:
    """Read a JSON object; an empty one where there is no file.

    Raises
    ------
    FileRefusedError
        Where the file holds anything else.
    """
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileRefusedError(path, f"a JSON file was needed: {error}") from error
    if not isinstance(content, dict):
        raise FileRefusedError(path, "a JSON object was needed")
    return content
