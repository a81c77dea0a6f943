"""The folder that a user meant, where the one that was named is a level too high or too low."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_DOWN: Final = 3
_UP: Final = 3
_LOOKED_AT: Final = 2000  # folders: a mistaken `/data` must not be searched for minutes
_SHOWN: Final = 3


def did_you_mean(place: Path, is_right: Callable[[Path], bool]) -> str:
    """Name the nearest folders, below or above a place, that hold what was needed.

    Parameters
    ----------
    place
        What was named, and is not right; it may be a file, or be missing.
    is_right
        Tells whether a folder is.

    Returns
    -------
    str
        The end of a sentence, `; did you mean: FOLDER?`; empty where there is no such folder near.
    """
    folders = _right(_below(place), is_right) or _right(_above(place), is_right)[:1]
    return f"; did you mean: {' or '.join(map(str, folders[:_SHOWN]))}?" if folders else ""


def _right(folders: Iterator[Path], is_right: Callable[[Path], bool]) -> list[Path]:
    """Keep the right ones, and nothing inside of these."""
    found: list[Path] = []
    for folder in folders:
        try:
            if not any(folder.is_relative_to(outer) for outer in found) and is_right(folder):
                found.append(folder)
        except OSError:  # a folder that may not be read is none that was meant
            continue
        if len(found) == _SHOWN:
            break
    return found


def _below(place: Path) -> Iterator[Path]:
    """Give the folders below, the nearest first."""
    level, looked_at = [place], 0
    for _ in range(_DOWN):
        level = [inner for folder in level for inner in _folders_in(folder)]
        for folder in level:
            looked_at += 1
            if looked_at > _LOOKED_AT:
                return
            yield folder


def _folders_in(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return []


def _above(place: Path) -> Iterator[Path]:
    # As it was typed: a relative path stays one, as far as it has parts.
    parents = [folder for folder in place.parents if folder != Path()]
    yield from (parents or place.resolve().parents)[:_UP]
