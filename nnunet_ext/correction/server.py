"""The server of a desk, on the loopback address unless told otherwise."""

import logging
import os
import secrets
import socket
import socketserver
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Final, Literal, Self

from nnunet_ext.core.errors import EnvironmentProblemError
from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.guard import Guard, hosts_of
from nnunet_ext.correction.handler import Handler
from nnunet_ext.correction.holds import holds_of
from nnunet_ext.correction.routes import Assets, Routes
from nnunet_ext.correction.work import Work

LOOPBACK: Final = "127.0.0.1"
AN_HOUR: Final = 3600.0

Why = Literal["done", "idle", "stopped"]
"""Why a server ended: a page said that all is done, nobody worked for long, or `stop` was called."""

_LOG: Final = logging.getLogger(__name__)
_TOKEN_BYTES: Final = 32
_WAITING: Final = 64


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a connection that a browser keeps open holds nobody up
    request_queue_size = _WAITING
    allow_reuse_address = os.name != "nt"  # there, another program could take the very port

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), BaseHTTPRequestHandler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # without asking the network what this machine is called
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's
        _LOG.debug("a connection broke", exc_info=True)


class _Used:
    """When somebody worked last."""

    def __init__(self) -> None:
        self.at = time.monotonic()

    def now(self) -> None:
        self.at = time.monotonic()


@dataclass(frozen=True, eq=False)
class Serving:
    """A server that runs in threads of its own.

    Parameters
    ----------
    address
        What a browser opens.
    """

    address: str
    _asked: SimpleQueue[Why]
    _ended: Future[Why]

    def wait(self) -> Why:
        """Return when the server has ended, and say why."""
        while True:
            with suppress(TimeoutError):  # so that Ctrl-C is heard on every system
                return self._ended.result(timeout=1)

    def stop(self) -> Why:
        """End the server, once nothing is being saved, and say why it ended."""
        self._asked.put("stopped")
        return self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(
    desk: Desk,
    assets: Assets,
    port: int = 0,
    *,
    host: str = LOOPBACK,
    idle_seconds: float = AN_HOUR,
    allow: Callable[[], object] = bool,
) -> Serving:
    """Serve a desk until `stop`, until a page says that all is done, or until nobody worked for long.

    Parameters
    ----------
    desk
        Whose cases.
    assets
        Files of the page, `index.html` among them.
    port
        Where; 0 lets the system choose one that is free.
    host
        Name or address of this machine under which it is asked.
    idle_seconds
        After which, without a request besides the heartbeats of tabs, it ends.
    allow
        Called before each save; it raises a named error where masks may not be written now, and what was drawn stays a
        draft.

    Raises
    ------
    EnvironmentProblemError
        Where the port is taken, or the desk's folder cannot be written.
    """
    stack = ExitStack()
    try:
        holds = stack.enter_context(holds_of(desk))
        server = stack.enter_context(_Server(host, port))
    except OSError as error:
        stack.close()
        raise EnvironmentProblemError(
            f"a free port and a folder that can be written were needed to serve {desk.place} at {host}:{port}, found: "
            f"{error.strerror or error}"
        ) from error
    token, at = secrets.token_urlsafe(_TOKEN_BYTES), server.server_port
    shown = f"[{host}]" if ":" in host else host
    asked, ended = SimpleQueue[Why](), Future[Why]()
    work = Work.at(desk, holds, allow)
    work.resume()
    used = _Used()
    routes = Routes(work, assets, used.now, partial(asked.put, "done"))
    server.RequestHandlerClass = partial(Handler, Guard(token, hosts_of(at, host)), routes)
    stack.callback(work.finish)
    stack.callback(server.shutdown)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    Thread(target=_watch, args=(asked, ended, used, idle_seconds, stack), daemon=True).start()
    return Serving(f"http://{shown}:{at}/{token}/", asked, ended)


def _watch(asked: SimpleQueue[Why], ended: Future[Why], used: _Used, idle_seconds: float, stack: ExitStack) -> None:
    """End the server when its time has come."""
    why: Why | None = None
    while why is None:
        left = used.at + idle_seconds - time.monotonic()
        try:
            why = asked.get(timeout=left) if left > 0 else "idle"
        except Empty:
            continue
    try:
        stack.close()
    finally:
        ended.set_result(why)
