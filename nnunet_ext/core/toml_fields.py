"""Reading the fields of a user's TOML file strictly: a key that is misspelt must not be passed over."""

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any


class AtKeyError(ValueError):
    """Something is wrong with the value of one key.

    Parameters
    ----------
    key
        The names of the tables that it stands in, from the outermost, and its own.
    said
        What was needed, what was found, and what to write.
    """

    def __init__(self, key: tuple[str, ...], said: str) -> None:
        super().__init__(f"{'.'.join(key)}: {said}")
        self.key = key


def refuse_unknown(content: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Refuse keys that mean nothing.

    Raises
    ------
    ValueError
        Naming them, and those that are known.
    """
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise ValueError(f"{where}: unknown keys {unknown}; known: {', '.join(known)}")


def texts(content: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """Read a list of texts; empty where the key is absent.

    Raises
    ------
    TypeError
        Where it is no list, as a single text would be taken apart into letters.
    """
    value = content.get(key, [])
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{where}: for {key} lists were needed, found {value!r}")
    return tuple(value)


def path_inside(path: str) -> str:
    """Read a path that is relative to a dataset, empty for its top.

    Raises
    ------
    ValueError
        Where it leads out of the dataset.
    """
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError(f"a path inside the dataset was needed, found {path!r}")
    return "" if path in ("", ".") else path.rstrip("/")
