"""A part of a page: a table, figures, or both."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """A figure, its title above it, and what it shows for those who cannot see it.

    It stands in an `img`, in which no script of the SVG could run; a `wide` one takes the whole width of the page.
    """

    title: str
    alternative: str
    svg: bytes
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page: a table, figures, or both, below a sentence; it may have the sentence alone."""

    name: str
    title: str
    lead: str
    columns: tuple[str, ...] = ()
    rows: Sequence[Sequence[str]] = ()
    note: str = ""
    pictures: tuple[Picture, ...] = ()
