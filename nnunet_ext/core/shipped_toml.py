"""Descriptions that the package ships as TOML, and that a user can write one more of."""

import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.malformed import refuse_malformed
from nnunet_ext.core.text_file import read_text

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
        return parse(tomllib.loads(text))
