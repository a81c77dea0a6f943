"""One BIDS dataset as a source of cases."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import DataRefusedError, UsageError

_NO_VALUE: Final = frozenset({"", "-", "n/a", "na", "nan", "none", "unknown"})
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


def read_sites(source: Source, columns: Sequence[str]) -> Mapping[str, str]:
    """Read each participant's site from participants.tsv; those without one are not in the result.

    Raises
    ------
    DataRefusedError
        Where the table has no column `participant_id`, or cannot be read as text.
    """
    table = source.root / "participants.tsv"
    if not table.is_file():
        return {}
    try:
        # `utf-8-sig`: tables saved by spreadsheet programs start with a mark that would become part of the first name.
        rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines(), delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataRefusedError(f"{table}: cannot be read: {error}") from error
    if rows and "participant_id" not in rows[0]:
        raise DataRefusedError(f"{table}: a column participant_id was needed, found {', '.join(rows[0])}")
    sites = {}
    for row in rows:
        values = [(row.get(column) or "").strip() for column in columns]
        known = [value for value in values if value.lower() not in _NO_VALUE]
        participant = (row["participant_id"] or "").strip()
        if known and participant:
            sites[participant if participant.startswith("sub-") else f"sub-{participant}"] = known[0]
    return sites


def _safe_name(folder: str) -> str:
    safe = re.sub(r"[^0-9A-Za-z_-]+", "-", folder).strip("-_")
    if not safe:
        raise UsageError(
            f"a folder with letters or digits in its name was needed, found {folder!r}; try: NAME={folder}"
        )
    return safe
