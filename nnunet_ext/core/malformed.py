"""What a parser raises over a file's content, turned into the file's refusal by name, in one place."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError

_RAISED: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_LONGEST: Final = 300  # a cell or a key may hold megabytes


@contextmanager
def refuse_malformed(path: Path, needed: str, cure: str = "mend it there") -> Iterator[None]:
    """Refuse a file where the block, which reads its content, finds it other than it thought.

    Named errors pass as they are: they say it better.

    Parameters
    ----------
    path
        The file.
    needed
        What it should be: `a plan was needed`.
    cure
        What to do, as the end of the sentence.

    Raises
    ------
    FileRefusedError
        With what was found, and the line where the parser knows it.
    """
    try:
        yield
    except _RAISED as error:
        raise FileRefusedError(path, f"{needed}, found {what_was_found(error)}; {cure}") from error


def what_was_found(error: Exception) -> str:
    """Say in words what was wrong with the content that a parser stumbled over."""
    if isinstance(error, RecursionError):
        return "brackets nested too deep to read"
    if isinstance(error, json.JSONDecodeError):
        return f"at line {error.lineno}, column {error.colno}: {error.msg}"
    text = " ".join(str(error).split())
    text = f"{text[:_LONGEST]} ..." if len(text) > _LONGEST else text
    if isinstance(error, KeyError):
        return f"no {text}"
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}"
