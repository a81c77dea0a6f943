"""A table of a page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Column titles and rows of texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
