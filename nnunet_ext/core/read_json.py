"""JSON files, read alike by every verb."""

import json
import math
from pathlib import Path
from typing import Any, Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.text_file import read_text

_DEEPEST: Final = 100  # what is deeper can be read, and not be written again


def read_json(
    path: Path, needed: str = "a JSON file was needed", cure: str = "mend it there", *, finite: bool = True
) -> Any:  # noqa: ANN401 - whatever it holds
    """Read a JSON file, in whatever encoding a person's editor saved it.

    Parameters
    ----------
    path
        The file.
    needed, cure
        What it should be (`a plan was needed`), and what to do where it is not, for messages.
    finite
        Whether NaN and infinity, which are no JSON, are refused. nnU-Net writes NaN into its own summaries.

    Raises
    ------
    FileRefusedError
        Where it is not there, is no text or no JSON, or is nested too deep.
    """
    text = read_text(path, needed)
    with refuse_malformed(path, needed, cure):
        read_number = _finite if finite else float
        content = json.loads(text, parse_float=read_number, parse_constant=read_number)
        _refuse_deep(content)
        if "\\u" in text:  # half a character, or the character 0, can be escaped, and be part of no name and of no file
            json.dumps(content, ensure_ascii=False).encode("utf-8")
            if "\\u0000" in text:
                raise ValueError("the character 0, written as \\u0000")
    return content


def read_json_object(
    path: Path, needed: str = "a JSON file was needed", cure: str = "mend it there", *, finite: bool = True
) -> dict[str, Any]:
    """Read a JSON file whose content is an object; raises what `read_json` does, and where it is something else."""
    content = read_json(path, needed, cure, finite=finite)
    if not isinstance(content, dict):
        raise FileRefusedError(path, f"{needed}, found {_kind(content)} instead of an object in braces; {cure}")
    return content


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of what JSON says, for `object_pairs_hook`; ValueError where a key stands twice."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands twice")
    return content


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:60]}, which is no finite number")
    return value


def _refuse_deep(content: object) -> None:
    level = [content]
    for _ in range(_DEEPEST):
        level = [
            below
            for one in level
            if isinstance(one, dict | list)
            for below in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise RecursionError


def _kind(content: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(content), "null")
