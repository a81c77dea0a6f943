"""The body of a request: JSON of a bounded size, that came in time."""

import json
import math
import re
import time
from email.message import Message
from http import HTTPStatus
from io import BufferedIOBase
from typing import Any, Final

from nnunet_ext.core.malformed import what_was_found
from nnunet_ext.correction.answer import JSON, NotServedError

MOST_BYTES: Final = 32 * 1024**2
"""A draft of two masks of a million runs each, and little else."""

_SECONDS: Final = 30.0
_PIECE: Final = 1 << 16
_LENGTH: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_UNREADABLE: Final = (ArithmeticError, RecursionError, ValueError)


def read_body(headers: Message, stream: BufferedIOBase) -> dict[str, Any]:
    """Read a JSON object.

    Parameters
    ----------
    headers
        Of the request.
    stream
        Where its body comes from.

    Raises
    ------
    NotServedError
        415 for another type of content, 413 for more than `MOST_BYTES`, and 400 where no length is said, the body is
        shorter or does not come, or it is no JSON object.
    """
    if (
        headers.get_content_type() != JSON
        or headers.get_content_charset("utf-8") != "utf-8"
        or "Content-Type" not in headers
    ):
        raise NotServedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a body of {JSON} was needed")
    content = _content(stream, _length(headers))
    try:
        found = json.loads(content.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
    except _UNREADABLE as error:
        raise malformed(error) from error
    if not isinstance(found, dict):
        raise NotServedError(HTTPStatus.BAD_REQUEST, "a JSON object was needed")
    return found


def malformed(error: Exception) -> NotServedError:
    """Make the refusal of a body whose content a parser stumbled over."""
    return NotServedError(HTTPStatus.BAD_REQUEST, f"malformed: {what_was_found(error)}")


def _length(headers: Message) -> int:
    said = headers.get_all("Content-Length", [])
    if "Transfer-Encoding" in headers or len(said) != 1 or not _LENGTH.fullmatch(said[0].strip()):
        raise NotServedError(HTTPStatus.BAD_REQUEST, "a body with its one Content-Length was needed")
    length = int(said[0])
    if length > MOST_BYTES:
        raise NotServedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BYTES} bytes were needed, found {length}"
        )
    return length


def _content(stream: BufferedIOBase, length: int) -> bytearray:
    content, end = bytearray(), time.monotonic() + _SECONDS
    try:
        while len(content) < length and time.monotonic() < end:
            piece = stream.read1(min(_PIECE, length - len(content)))
            if not piece:
                break
            content += piece
    except TimeoutError:
        pass
    if len(content) < length:
        raise NotServedError(HTTPStatus.BAD_REQUEST, f"a body of {length} bytes was said, and {len(content)} came")
    return content


def _no_number(text: str) -> float:
    raise ValueError(f"{text}, which is no number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text[:60])
