"""Reading the tab-separated tables that we write."""

import csv
from pathlib import Path


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a table, a mapping of column to cell for each row.

    Raises
    ------
    OSError
        Where it is not there.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))
