"""How a verb ends that did what it could."""

from collections.abc import Sequence
from typing import Final

from nnunet_ext.core.errors import DataRefusedError

_SHOWN: Final = 5


def refuse_some(refused: Sequence[str], count: int, said: str, option: str = "") -> None:
    """Name the first of those that were refused, where any was, and how to go on: with an option, or without.

    Raises
    ------
    DataRefusedError
        Saying how many of `count` were refused, such as `images were not predicted`; the rest is done.
    """
    if refused:
        more = f"; and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
        raise DataRefusedError(
            f"{len(refused)} of {count} {said}, the rest was: {'; '.join(refused[:_SHOWN])}{more}. "
            f"Mend these and run the same command {f'with {option}' if option else 'again'}"
        )
