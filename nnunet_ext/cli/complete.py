"""Completion of verbs, options and their values by the shell, where argcomplete is installed."""

import argparse
import os
import shlex
from collections.abc import Callable, Sequence
from typing import Final

_ASKED: Final = "_ARGCOMPLETE"
"""Set by the shell's side of argcomplete to the number of words that are the program: 1, or 3 for `python -m`."""


def complete(make_parser: Callable[[Sequence[str]], argparse.ArgumentParser]) -> None:
    """Answer the shell and end, where it asks for completions; nothing happens otherwise.

    Parameters
    ----------
    make_parser
        Takes the words after the program's name, as far as they are typed.
    """
    if _ASKED not in os.environ:
        return
    try:
        import argcomplete  # noqa: PLC0415 - only where the shell asks
    except ImportError:
        return
    argcomplete.autocomplete(make_parser(_words(os.environ.get("COMP_LINE", ""))[int(os.environ[_ASKED]) :]))


def _words(line: str) -> list[str]:
    """Split what is typed; a quotation mark that is still open is no obstacle."""
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()
