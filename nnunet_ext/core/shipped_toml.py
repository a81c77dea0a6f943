"""Descriptions that the package ships as TOML, and that a user can write one more of."""

import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.text_file import read_text
from nnunet_ext.core.toml_fields import AtKeyError

Parsed = TypeVar("Parsed")


def load_toml(
    kind: str, package: str, folder: str, name_or_file: str, parse: Callable[[Mapping[str, Any]], Parsed]
) -> Parsed:
    """Load a shipped description by its name, or a user's own from a file.

    Parameters
    ----------
    kind
        What it describes, for messages: `target`, `profile`.
    package, folder
        Where the shipped ones lie.
    name_or_file
        A shipped one's name, or the path of a TOML file.
    parse
        Makes the description of the file's content; what it raises of what it finds there becomes the refusal.

    Raises
    ------
    UsageError
        Where there is neither such a name nor such a file.
    FileRefusedError
        Where the file is no text or no TOML, or `parse` finds something missing or wrong.
    """
    shipped = files(package).joinpath(folder)
    known = sorted(entry.name.removesuffix(".toml") for entry in shipped.iterdir() if entry.name.endswith(".toml"))
    if name_or_file in known:
        text = shipped.joinpath(f"{name_or_file}.toml").read_text(encoding="utf-8")
    elif Path(name_or_file).is_file():
        text = read_text(Path(name_or_file))
    else:
        raise UsageError(f"a {kind} was needed: one of {', '.join(known)}, or a TOML file; found {name_or_file!r}")
    with refuse_malformed(Path(name_or_file), f"a {kind} in TOML was needed"):
        try:
            return parse(tomllib.loads(text))
        except AtKeyError as error:
            line = _line_of(error.key, text)
            raise ValueError(f"at line {line}: {error}" if line else str(error)) from error


def lay_over_shipped(kind: str, package: str, folder: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what a description says that may extend a shipped one by `extends`.

    Tables are laid over tables; anything else, lists too, replaces what the shipped one says.

    Parameters
    ----------
    kind, package, folder
        As for `load_toml`.
    content
        Of the user's file.

    Raises
    ------
    ValueError
        Where there is no such shipped one, or the description has no name of its own.
    """
    extended = content.get("extends")
    if extended is None:
        return content
    base = files(package).joinpath(folder, f"{extended}.toml")
    if not base.is_file():
        raise ValueError(f"extends names no shipped {kind}: {extended!r}")
    if "name" not in content:  # under the shipped one's name it would be taken for it
        raise ValueError(f"a {kind} that extends another needs a name of its own")
    return _merged(tomllib.loads(base.read_text(encoding="utf-8")), content)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _line_of(key: tuple[str, ...], text: str) -> int:
    """Find the line where a key of a table is set, counted from 1; 0 where it is not set in this very text."""
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare.startswith("["):
            table = [part.strip(" \"'") for part in bare.partition("]")[0].lstrip("[").split(".")]
            if tuple(table) == key:
                return number
        elif [*table, bare.partition("=")[0].strip(" \"'")] == list(key):
            return number
    return 0
