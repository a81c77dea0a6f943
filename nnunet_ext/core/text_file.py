"""Text as people's programs save it: whatever the encoding, and told from what is no text."""

import codecs
import logging
from pathlib import Path
from typing import Final

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.present import check_present

_LOG: Final = logging.getLogger(__name__)
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT: Final = {
    b"PK\x03\x04": "a zip file, such as an .xlsx workbook",
    b"\xd0\xcf\x11\xe0": "an .xls workbook",
    b"\x1f\x8b": "a gzip file",
    b"%PDF": "a PDF",
}
_SINGLE: Final = "cp1252"  # Windows' Latin-1, in which every Latin-1 text that people write is the same
_CONTROLS: Final = frozenset(map(chr, range(32))) - set("\t\n\r\f\v\x1a")


def read_text(path: Path, needed: str = "text was needed") -> str:
    """Read a text file: UTF-8 with or without a byte-order mark, UTF-16, UTF-32, else Windows-1252, which is said.

    Parameters
    ----------
    path
        The file.
    needed
        What it should be, for messages.

    Returns
    -------
    str
        Without the mark; line ends as they are.

    Raises
    ------
    FileRefusedError
        Where it is not there, was not downloaded, or is no text.
    """
    try:
        check_present(path)
        content = path.read_bytes()
    except FileRefusedError as error:
        raise FileRefusedError(path, f"{needed}: {error.reason}") from error
    except OSError as error:
        raise FileRefusedError(path, f"{needed}: {error.strerror or error}; check the path") from error
    for start, kind in _NO_TEXT.items():
        if content.startswith(start):
            raise FileRefusedError(path, f"{needed}, found {kind}; save it as UTF-8 text")
    encoding = _encoding(path, content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileRefusedError(path, _no_text(content, error.start, f"{encoding} ({error.reason})")) from error
    if controls := _CONTROLS.intersection(text):
        where = min(map(text.index, controls))
        raise FileRefusedError(path, _no_text(text[:where].encode(), where, f"the control character {text[where]!r}"))
    if encoding == _SINGLE:
        _LOG.warning("%s: no UTF-8, so it was read as Windows-1252 (Latin-1); to be sure, save it as UTF-8", path)
    return text


def _encoding(path: Path, content: bytes) -> str:
    marked = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "")
    if marked:
        return marked
    zeros = content[0::2].count(0), content[1::2].count(0)
    if sum(zeros) * 4 > len(content):  # every second byte of plain words in UTF-16
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        # What is nearly all UTF-8 is damaged, or was pasted together: as Windows-1252 its good letters would be lost.
        if any(letter > "\x7f" and letter != "\ufffd" for letter in content.decode("utf-8", errors="replace")):
            raise FileRefusedError(path, _no_text(content, error.start, "bytes that are no UTF-8")) from error
        return _SINGLE
    return "utf-8"


def _no_text(content: bytes, where: int, found: str) -> str:
    line = content.count(b"\n", 0, where) + 1
    return f"line {line}: text was needed, found {found}; save it as UTF-8 text"
