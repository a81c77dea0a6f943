"""How every verb's arguments are described: one parser, whose help says what happens where an option is left out."""

import argparse
import textwrap


class VerbParser(argparse.ArgumentParser):
    """A parser whose help keeps the lines of its examples, and names the default of every option.

    Parsers of verbs and of their actions are made by it in turn, and are of its kind, too.
    """

    def __init__(self, **settings: object) -> None:
        super().__init__(**{"formatter_class": _DefaultsFormatter, **settings})  # type: ignore[arg-type]


class _DefaultsFormatter(argparse.RawDescriptionHelpFormatter):
    """Adds the default where the words do not name it: an option without a value of its own must use words.

    No word is broken at its hyphens, so that names can be found.
    """

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _get_help_string(self, action: argparse.Action) -> str:
        words = action.help or ""
        if action.nargs == 0 or not action.option_strings or "default" in words:
            return words
        if action.required:
            return f"{words} (required)"
        if action.default in (None, "", [], ()):
            return words
        return f"{words} (default: {_in_words(action.default)})".replace("%", "%%") if words else words


def _in_words(default: object) -> str:
    several = default if isinstance(default, (list, tuple)) else (default,)
    return " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in several)
