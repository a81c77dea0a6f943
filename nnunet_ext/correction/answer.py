"""What the server says to a request."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

JSON: Final = "application/json"

POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
"""Content-Security-Policy of every answer: nothing from elsewhere, and no script or style within a page."""

SAFE_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""Of every answer."""


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer.

    Parameters
    ----------
    body
        Pieces of its content.
    length
        Of all of them, in bytes.
    content_type
        Of the content.
    status
        See HTTP.
    headers
        More than `SAFE_HEADERS`.
    """

    body: Iterable[bytes | bytearray | memoryview]
    length: int
    content_type: str
    status: int = HTTPStatus.OK
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_bytes(cls, content: bytes | bytearray, content_type: str) -> "Answer":
        """Say bytes."""
        return cls([content], len(content), content_type)

    @classmethod
    def of_json(cls, content: Any, status: int = HTTPStatus.OK) -> "Answer":  # noqa: ANN401 - whatever json takes
        """Say JSON."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", errors="replace")
        return cls([text], len(text), JSON, status)


class NotServedError(Exception):
    """A request that is not served.

    Parameters
    ----------
    status
        See HTTP.
    words
        Why, for people.
    more
        Further keys of the answer.
    """

    def __init__(self, status: HTTPStatus, words: str, **more: object) -> None:
        super().__init__(words)
        self.status = status
        self.content = {"error": words, **more}

    def answer(self) -> Answer:
        """Say it."""
        return Answer.of_json(self.content, self.status)
