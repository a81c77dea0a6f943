"""One BIDS dataset as a source of cases."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import UsageError

_SOURCE_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]*")


@dataclass(frozen=True)
class Source:
    """A BIDS dataset on disk.

    Parameters
    ----------
    name
        Part of every case's name, so that two datasets that both have a `sub-01` stay apart.
    root
        Its folder. It is only ever read.
    """

    name: str
    root: Path


def name_sources(arguments: Sequence[str]) -> list[Source]:
    """Read the command line's datasets: folders, or `NAME=FOLDER` where folders share a name.

    Raises
    ------
    UsageError
        Where two sources would get one name.
    """
    sources = []
    for argument in arguments:
        name, separator, folder = argument.partition("=")
        named = bool(separator and _SOURCE_NAME.fullmatch(name) and not Path(argument).exists())
        root = Path(folder if named else argument).expanduser().resolve()
        sources.append(Source(name if named else _safe_name(root.name), root))
    for source in sources:
        clashes = [other.root for other in sources if other.name == source.name]
        if len(clashes) > 1:
            listed = " and ".join(str(folder) for folder in clashes)
            raise UsageError(
                f"each dataset needs a name of its own; {listed} would all be called {source.name!r}; "
                f"try: SITE_A={clashes[0]} SITE_B={clashes[1]}"
            )
    return sources


def _safe_name(folder: str) -> str:
    safe = re.sub(r"[^0-9A-Za-z_-]+", "-", folder).strip("-_")
    if not safe:
        raise UsageError(
            f"a folder with letters or digits in its name was needed, found {folder!r}; try: NAME={folder}"
        )
    return safe
