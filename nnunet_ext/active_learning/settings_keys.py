"""The keys of `active.toml`, and which values each takes."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from nnunet_ext.core.json_numbers import finite, whole_number
from nnunet_ext.core.model_name import is_dataset_name, is_trainer_name

_SHOWN: Final = 100
_NEARLY: Final = 1e-6
_POOL: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]*=.+", re.DOTALL)
_RATER: Final = re.compile(r"[0-9A-Za-z]+")
_STRATEGY: Final = re.compile(r"[0-9a-z][0-9a-z_-]*")
_SHARES: Final = ("lesion", "cord", "random", "healthy")


class BadValueError(ValueError):
    """A setting that cannot be; `reason` ends a sentence that begins with the `key`."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key} {reason}")
        self.key = key
        self.reason = reason


def read_key(key: str, value: Any) -> Any:  # noqa: ANN401 - whatever a file holds, and what the key makes of it
    """Take the value of one key.

    Raises
    ------
    BadValueError
        Where it is none of those that the key can have.
    """
    try:
        return READERS[key](value)
    except (ValueError, TypeError) as error:
        if isinstance(error, BadValueError):
            raise
        raise BadValueError(key, f"needs {error}, found {_shown(value)}") from error


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a file holds
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("a text in quotation marks, on one line")
    return value


def _matching(needed: str, fits: Callable[[str], object]) -> Callable[[Any], str]:
    def read(value: Any) -> str:  # noqa: ANN401 - whatever a file holds
        if not isinstance(value, str) or not value.isprintable() or not fits(value):
            raise ValueError(needed)
        return value

    return read


def _one_of(*words: str) -> Callable[[Any], str]:
    return _matching(" or ".join(f'"{word}"' for word in words), words.__contains__)


def _distinct(needed: str, fits: Callable[[str], object], name: Callable[[str], str]) -> Callable[[Any], Any]:
    """Read a list of texts, each of another name, whatever its case: they become names of files."""

    def read(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever a file holds
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ValueError(needed)
        found = tuple(map(_matching(needed, fits), value))
        if len({name(text).casefold() for text in found}) < len(found):
            raise ValueError(f"{needed}, each with a name of its own")
        return found

    return read


def _at_least(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:  # noqa: ANN401 - whatever a file holds
        try:
            number = whole_number(value)
        except ValueError:
            number = least - 1
        if number < least:
            raise ValueError(f"a whole number of {least} or more")
        return number

    return read


def _flag(value: Any) -> bool:  # noqa: ANN401 - whatever a file holds
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _share(value: Any, *, some: bool = False) -> float:  # noqa: ANN401 - whatever a file holds
    try:
        share = finite(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1 or (some and not share):
        raise ValueError("a number above 0, up to 1" if some else "a number from 0 to 1")
    return share


def _shares(value: Any) -> dict[str, float]:  # noqa: ANN401 - whatever a file holds
    if not isinstance(value, Mapping):
        raise ValueError(f"a table with {', '.join(_SHARES)}")
    for name in [*value, *_SHARES]:
        if name not in _SHARES or name not in value:
            wrong = "is needed, and is not there" if name in _SHARES else f"is none; there are {', '.join(_SHARES)}"
            raise BadValueError(f"shares.{name}", wrong)
    found = {}
    for name in _SHARES:
        try:
            found[name] = _share(value[name])
        except ValueError as error:
            raise BadValueError(f"shares.{name}", f"needs {error}, found {_shown(value[name])}") from error
    if abs(sum(found.values()) - 1) > _NEARLY:
        raise ValueError("shares that are 1 together")
    return found


READERS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "target": _matching("the name of a target, or a TOML file", bool),
        "dataset": _matching(
            "nnU-Net's name of a dataset, such as Dataset501_CordLesion, or nothing",
            lambda text: not text or is_dataset_name(text),
        ),
        "model": _text,
        "localizer": _text,
        "pool": _distinct('BIDS folders, as in ["site=/data/site_bids"]', _POOL.fullmatch, lambda t: t.split("=")[0]),
        "tested_in_pool": _one_of("refuse", "skip"),
        "budget": _at_least(1),
        "strategy": _matching("the name of a strategy", _STRATEGY.fullmatch),
        "most_per_site": partial(_share, some=True),
        "seed": _at_least(0),
        "raters": _distinct('names of letters and digits, as in ["anna", "ben"]', _RATER.fullmatch, str),
        "every_rater": _flag,
        "lesion_outside_cord": _one_of("refuse", "clip", "keep"),
        "consensus": _one_of("majority", "staple", "adjudicate"),
        "start": _one_of("warm", "scratch"),
        "trainer": _matching("the name of a trainer, or nothing", lambda text: not text or is_trainer_name(text)),
        "epochs": _at_least(0),
        "shares": _shares,
    }
)
"""What each key takes; it raises ValueError with what was needed. In this order they stand in the file."""
