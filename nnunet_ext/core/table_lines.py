"""The text of a table taken apart into rows of cells, by whatever separator and quotes a spreadsheet set."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_SEPARATORS: Final = "\t;,"  # in this order: a name of a column may hold a comma
_STATED: Final = re.compile(r"sep=(.)\s*")  # how Excel's own files say it


@dataclass(frozen=True)
class TableLines:
    """A table's cells, without the blanks and quotation marks around them.

    Parameters
    ----------
    header
        Names of the columns; empty of an empty table.
    written
        The same as they stand in the file.
    rows
        Number of the line, counted from 1, and its cells: more or fewer than there are columns where it is so. Rows
        without any value are left out.
    """

    header: tuple[str, ...]
    written: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def table_lines(text: str) -> TableLines:
    """Take a table apart: at tabs or, where the row of names has none, at semicolons or else at commas.

    Quotation marks around a cell are taken off; one that stands alone is a character like any other, which would else
    swallow all rows to the next. A cell of several lines is one where its row is whole only so.
    """
    lines = list(_lines(text))
    if lines and (stated := _STATED.fullmatch(lines[0][1])):
        lines, separator = lines[1:], stated[1]
    else:
        separator = next((mark for mark in _SEPARATORS if lines and mark in lines[0][1]), "\t")
    header = _cells(lines[0][1], separator) if lines else []
    while header and not header[-1]:  # a spreadsheet leaves empty columns behind the last
        header.pop()
    written = tuple(lines[0][1].split(separator)) if lines else ()
    rows = _rows(lines[1:], separator, len(header))
    return TableLines(tuple(header), written, tuple((line, tuple(cells)) for line, cells in rows if any(cells)))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give each line that holds anything, with its number; a lone return breaks lines of old Macintoshes only."""
    broken = re.split(r"\r*\n" if "\n" in text else "\r", text.rstrip("\x1a"))
    return ((number, line) for number, line in enumerate(broken, start=1) if line.strip())


def _rows(lines: Sequence[tuple[int, str]], separator: str, columns: int) -> Iterator[tuple[int, list[str]]]:
    position = 0
    while position < len(lines):
        number, line = lines[position]
        cells = _cells(line, separator, columns)
        position += 1
        if len(cells) < columns and _odd(line):
            end = next((at for at in range(position, len(lines)) if _odd(lines[at][1])), position)
            whole = _cells("\n".join(text for _, text in lines[position - 1 : end + 1]), separator, columns)
            if len(whole) == columns:
                cells, position = whole, end + 1
        yield number, cells


def _odd(line: str) -> bool:
    return line.count('"') % 2 == 1


def _cells(line: str, separator: str, columns: int | None = None) -> list[str]:
    """Take a line apart: by its quotation marks, unless it has as many cells as there are columns without them only."""
    literal = [_bare(cell) for cell in line.split(separator)]
    if '"' not in line:
        return literal
    mark = re.escape(separator)
    pattern = rf'(?:^|{mark})(?: *"([^"]*(?:""[^"]*)*)" *(?={mark}|$)|([^{mark}]*))'
    cells = [
        _bare(found[2]) if found[2] is not None else _on_one_line(found[1].replace('""', '"'))
        for found in re.finditer(pattern, line)
    ]
    return literal if len(literal) == columns != len(cells) else cells


def _on_one_line(text: str) -> str:
    return " ".join(map(str.strip, text.split("\n"))).strip()


def _bare(cell: str) -> str:
    """Take off the blanks around a cell, and quotation marks, of which there is no other inside."""
    text = cell.strip()
    marked = len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]
    return text[1:-1].strip() if marked else text
