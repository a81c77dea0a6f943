"""JSON objects that may be missing."""

from pathlib import Path
from typing import Any

from nnunet_ext.core.read_json import read_json_object


def json_file(path: Path) -> dict[str, Any]:
    """Read a JSON object; an empty one where there is no file.

    Raises
    ------
    FileRefusedError
        Where the file holds anything else.
    """
    return read_json_object(path, finite=False) if path.is_file() else {}
