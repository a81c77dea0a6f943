"""HTTP of the standard library, told what to let pass and what to say."""

import logging
import time
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socket import SHUT_WR, socket
from socketserver import BaseServer
from typing import Final

from nnunet_ext.correction.answer import SAFE_HEADERS, Answer, NotServedError
from nnunet_ext.correction.bodies import read_body
from nnunet_ext.correction.guard import Guard
from nnunet_ext.correction.routes import Request, Routes

_LOG: Final = logging.getLogger(__name__)
_NAME: Final = "nnunet_ext"
_SECONDS: Final = 20.0
_LINGERING: Final = 1.0
_PIECE: Final = 1 << 16
_UNSUPPORTED: Final = HTTPStatus.NOT_IMPLEMENTED  # what http.server says of a method that it has no function for


class Handler(BaseHTTPRequestHandler):
    """Serves one connection.

    Parameters
    ----------
    guard
        Who may ask.
    routes
        What is answered.
    connection, address, server
        Of the standard library's handler.
    """

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # before it, answers had no headers
    timeout = _SECONDS  # of each reading and writing: nobody keeps a connection by saying nothing

    def __init__(
        self,
        guard: Guard,
        routes: Routes,
        connection: socket,
        address: tuple[str, int],
        server: BaseServer,
    ) -> None:
        self._guard = guard
        self._routes = routes
        super().__init__(connection, address, server)

    def do_GET(self) -> None:
        """Answer a request that changes nothing."""
        self._serve("GET")

    def do_POST(self) -> None:
        """Answer a request that changes something."""
        self._serve("POST")

    def version_string(self) -> str:
        """Say what serves, and of no program which version."""
        return _NAME

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request that this server knows."""
        del explain
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == _UNSUPPORTED else HTTPStatus(code)
        self.close_connection = True
        self._say(NotServedError(status, message or status.phrase).answer())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
        """Log nothing: what the library has to say holds the token."""

    def _serve(self, method: str) -> None:
        path = ""
        try:
            path = self._guard.admit(self.path, self.headers)
            compressed = "gzip" in self.headers.get("Accept-Encoding", "")
            request = Request(method, path, compressed, partial(read_body, self.headers, self.rfile))
            answer = self._routes.answer(request)
        except NotServedError as error:
            self.close_connection = True  # of the body nothing may have been read
            answer = error.answer()
        except OSError as error:
            _LOG.exception("%s %r", method, path)
            answer = _failed(HTTPStatus.UNPROCESSABLE_ENTITY, error.strerror or "the disk cannot be read or written")
        except Exception:  # noqa: BLE001 - one request stops no other
            _LOG.exception("%s %r", method, path)
            answer = _failed(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of the server; it is written in its log")
        if method == "GET" and (self.headers.get("Content-Length") or self.headers.get("Transfer-Encoding")):
            self.close_connection = True
        _LOG.info("%s %r %d", method, path, answer.status)
        self._say(answer)

    def _say(self, answer: Answer) -> None:
        try:
            self.send_response_only(answer.status)
            self.send_header("Server", self.version_string())
            self.send_header("Date", self.date_time_string())
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(answer.length))
            for name, value in (*SAFE_HEADERS, *answer.headers):
                self.send_header(name, value)
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            if getattr(self, "command", None) != "HEAD":
                for piece in answer.body:
                    self.wfile.write(piece)
            if self.close_connection:
                self._linger()
        except (ConnectionError, TimeoutError):  # whoever asked has gone, or reads nothing
            self.close_connection = True

    def _linger(self) -> None:
        """Let who asked send on for a moment: closing on what was not read would take the answer from him."""
        self.connection.shutdown(SHUT_WR)
        self.connection.settimeout(_LINGERING)
        end = time.monotonic() + _LINGERING
        while time.monotonic() < end and self.rfile.read1(_PIECE):
            pass


def _failed(status: HTTPStatus, words: str) -> Answer:
    return NotServedError(status, words, reasons=[words]).answer()
