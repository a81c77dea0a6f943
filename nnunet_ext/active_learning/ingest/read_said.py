"""Everything that a rater says in the folders that came back."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.ingest.given_cases import GivenCases
from nnunet_ext.active_learning.ingest.read_lists import read_lists
from nnunet_ext.active_learning.ingest.read_marks import read_marks
from nnunet_ext.active_learning.ingest.read_qc import read_review_page, read_sct_report
from nnunet_ext.active_learning.ingest.words import Said, join_said
from nnunet_ext.core.errors import FileRefusedError

_TABLES: Final = frozenset({".tsv", ".csv", ".txt"})
_LISTS: Final = frozenset({".yml", ".yaml"})

_Reader = Callable[[Path, GivenCases], Said]


def read_said(folder: Path, given: GivenCases) -> Said:
    """Read every mark and list below a folder; one that cannot be read is a problem by name, and stops no other.

    Files are known by the beginnings of their names, as browsers number what is saved twice: `marks*.tsv`, `qc*.json`,
    `qc_report*.json`, and lists `*.yml`. One that lies in a folder with the name of a dataset is about its cases.
    """
    several = []
    for path in files_below(folder):
        reader = _reader(path)
        if reader is not None:
            try:
                several.append(reader(path, given.of(path.relative_to(folder).parts[:-1])))
            except FileRefusedError as error:
                several.append(Said(problems=(f"{path.name}: {error.reason}",)))
    return join_said(several)


def files_below(folder: Path) -> Iterator[Path]:
    """Give the files below a folder in a fixed order, without hidden ones."""
    for place, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _reader(path: Path) -> _Reader | None:
    name, ending = path.stem.lower(), path.suffix.lower()
    if name.startswith("marks") and ending in _TABLES:
        return read_marks
    if name.startswith("qc_report") and ending == ".json":
        return read_sct_report
    if name.startswith("qc") and ending == ".json":
        return read_review_page
    return read_lists if ending in _LISTS else None
