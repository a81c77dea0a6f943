"""Several texts in one cell of a table, none of which is cut in two when they are read again."""

import re
from collections.abc import Iterable
from typing import Final

from nnunet_ext.core.tables import NOTHING

SENTENCES: Final = "; "
"""Between sentences."""

PATHS: Final = ";"
"""Between paths."""

_ITEM: Final = re.compile(r"((?:[^\\;]|\\.|\\$)*)(?:;|$)", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\([\\;])")


def join_list(texts: Iterable[str], separator: str = SENTENCES) -> str:
    r"""Join texts; a semicolon inside one is written `\;`, and a backslash `\\`.

    Examples
    --------
    >>> join_list(["no cord (0.2; needed 0.5)", "cut"])
    'no cord (0.2\\; needed 0.5); cut'
    """
    return separator.join(text.replace("\\", "\\\\").replace(";", "\\;") for text in texts)


def split_list(cell: str) -> tuple[str, ...]:
    r"""Give the texts of a cell that `join_list` wrote, without blanks around them; none of an empty one or `n/a`.

    A lone backslash stands for itself, as tables of earlier versions have it.

    Examples
    --------
    >>> split_list("no cord (0.2\\; needed 0.5); cut")
    ('no cord (0.2; needed 0.5)', 'cut')
    """
    if cell in ("", NOTHING):
        return ()
    found = (_ESCAPED.sub(r"\1", match[1]).strip() for match in _ITEM.finditer(cell))
    return tuple(filter(None, found))
