"""What each address of the server is for."""

import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from threading import Timer
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from nnunet_ext.active_learning.ingest.words import Action
from nnunet_ext.core.errors import FileRefusedError, NnunetExtError
from nnunet_ext.correction.answer import Answer, NotServedError
from nnunet_ext.correction.bodies import malformed
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.draft import Draft, read_draft
from nnunet_ext.correction.image_file import ImageFile
from nnunet_ext.correction.work import Work

Assets = Mapping[str, tuple[bytes, str]]
"""For each name of a file of the page its content and the type of it."""

INDEX: Final = "index.html"
"""Name of the page itself."""

_GRACE_SECONDS: Final = 0.3
_BINARY: Final = "application/octet-stream"
_TAB: Final = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_RAISED: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_COMPRESSION: Final = 1


@dataclass(frozen=True, eq=False)
class Request:
    """A request that the guard let pass.

    Parameters
    ----------
    method
        GET or POST.
    path
        Behind the token, with its query.
    gzip
        Whether an answer may be compressed.
    body
        Reads the JSON object that came with it; see `read_body`.
    """

    method: str
    path: str
    gzip: bool
    body: Callable[[], dict[str, Any]]

    @property
    def place(self) -> str:
        """The path without its query, in plain characters."""
        return unquote(self.path.partition("?")[0])

    @property
    def tab(self) -> str:
        """The tab that the query names; empty where it names none."""
        named = parse_qs(self.path.partition("?")[2]).get("tab", [""])
        return _tab(named[0]) if named[0] else ""


@dataclass(frozen=True, eq=False)
class Routes:
    """Answers requests.

    Parameters
    ----------
    work
        What is asked of.
    assets
        Files of the page; `index.html` is the page itself.
    used
        Called with each request that tells of somebody's work: the heartbeat of a tab that lies open does not.
    end
        Called when a page says that all is done.
    """

    work: Work
    assets: Assets
    used: Callable[[], object]
    end: Callable[[], object]

    def answer(self, request: Request) -> Answer:
        """Answer a request.

        Raises
        ------
        NotServedError
            With the status that says why.
        """
        found = [(one, match) for one in _ROUTES if (match := re.fullmatch(one.pattern, request.place))]
        for route, match in found:
            if route.method == request.method:
                if route.is_work:
                    self.used()
                try:
                    return route.function(self, request, *match.groups())
                except NnunetExtError as error:
                    raise _refused(error) from error
        if found:
            raise NotServedError(HTTPStatus.METHOD_NOT_ALLOWED, f"{found[0][0].method} was needed")
        raise NotServedError(HTTPStatus.NOT_FOUND, "there is no such address")

    def page(self, request: Request) -> Answer:
        """Give the page itself."""
        return self.asset(request, INDEX)

    def asset(self, request: Request, name: str) -> Answer:
        """Give a file of the page."""
        del request
        if name not in self.assets:
            raise NotServedError(HTTPStatus.NOT_FOUND, "the page has no such file")
        return Answer.of_bytes(*self.assets[name])

    def queue(self, request: Request) -> Answer:
        """List the cases."""
        return Answer.of_json(self.work.queue(request.tab))

    def image(self, request: Request, number: str) -> Answer:
        """Give the image of a case."""
        file = ImageFile.of(self.work.opened(self._held(number, request.tab)).image)
        return Answer(file.pieces(), file.size, _BINARY)

    def probability(self, request: Request, number: str, region: str) -> Answer:
        """Give the probability of a region of a case."""
        case = self._held(number, request.tab)
        if region not in case.probabilities:
            raise NotServedError(HTTPStatus.NOT_FOUND, "there is no probability of such a region")
        content: bytes | bytearray = self.work.probability(case, region)
        if not request.gzip:
            return Answer.of_bytes(content, _BINARY)
        content = gzip.compress(content, _COMPRESSION, mtime=0)
        return Answer([content], len(content), _BINARY, headers=(("Content-Encoding", "gzip"),))

    def open(self, request: Request, number: str) -> Answer:
        """Let a tab hold a case, and give it."""
        case, tab = self._case(number), _tab(request.body().get("tab"))
        if held_by := self.work.holds.take(case, tab):
            raise _held_by(held_by)
        try:
            return Answer.of_json(self.work.open(case, tab))
        except NnunetExtError:
            self.work.holds.release(case, tab)
            raise

    def draft(self, request: Request, number: str) -> Answer:
        """Keep what is not saved yet."""
        body = request.body()
        case = self._held(number, _tab(body.get("tab")))
        return Answer.of_json(self.work.keep_draft(case, body["tab"], self._draft(case, body)))

    def save(self, request: Request, number: str) -> Answer:
        """Save a case."""
        body = request.body()
        case, action = self._held(number, _tab(body.get("tab"))), _action(body)
        return Answer.of_json(self.work.save(case, body["tab"], self._draft(case, body), action))

    def release(self, request: Request, number: str) -> Answer:
        """Let go of a case."""
        self.work.holds.release(self._case(number), _tab(request.body().get("tab")))
        return Answer.of_json({})

    def beat(self, request: Request) -> Answer:
        """Note that a tab is there."""
        self.work.holds.beat(_tab(request.body().get("tab")))
        return Answer.of_json({})

    def over(self, request: Request) -> Answer:
        """End."""
        request.body()
        Timer(_GRACE_SECONDS, self.end).start()  # else the process may be gone before the answer is
        return Answer.of_json({})

    def _draft(self, case: DeskCase, body: Mapping[str, Any]) -> Draft:
        opened = self.work.opened(case)
        try:
            return read_draft(body, opened.regions, opened.voxels)
        except _RAISED as error:
            raise malformed(error) from error

    def _held(self, number: str, tab: str) -> DeskCase:
        """Give a case that a tab holds."""
        case = self._case(number)
        if not tab or not self.work.holds.keeps(case, tab):
            raise _held_by(self.work.holds.held_by(case, tab))
        return case

    def _case(self, number: str) -> DeskCase:
        case = self.work.desk.case(int(number))
        if case is None:
            raise NotServedError(HTTPStatus.NOT_FOUND, "there is no such case")
        return case


@dataclass(frozen=True)
class _Route:
    method: str
    pattern: str
    function: Callable[..., Answer]
    is_work: bool = True


_CASE: Final = r"case/([0-9]{1,9})/"
_ROUTES: Final = (
    _Route("GET", "", Routes.page),
    _Route("GET", r"static/(.+)", Routes.asset),
    _Route("GET", "queue", Routes.queue),
    _Route("GET", rf"{_CASE}image\.nii", Routes.image),
    _Route("GET", rf"{_CASE}probability/([^/]+)", Routes.probability),
    _Route("POST", rf"{_CASE}open", Routes.open),
    _Route("POST", rf"{_CASE}draft", Routes.draft),
    _Route("POST", rf"{_CASE}save", Routes.save),
    _Route("POST", rf"{_CASE}release", Routes.release),
    _Route("POST", "beat", Routes.beat, is_work=False),
    _Route("POST", "end", Routes.over),
)


def _tab(name: object) -> str:
    if not isinstance(name, str) or not _TAB.fullmatch(name):
        raise NotServedError(HTTPStatus.BAD_REQUEST, "a tab was needed: up to 64 letters and digits")
    return name


def _action(body: Mapping[str, Any]) -> Action:
    try:
        return Action(str(body.get("action")))
    except ValueError as error:
        raise NotServedError(HTTPStatus.BAD_REQUEST, f"an action was needed: {', '.join(Action)}") from error


def _held_by(words: str) -> NotServedError:
    why = f"held by {words}" if words else "this tab does not hold the case; open it"
    return NotServedError(HTTPStatus.CONFLICT, why, held_by=words)


def _refused(error: NnunetExtError) -> NotServedError:
    reason = f"{error.path.name}: {error.reason}" if isinstance(error, FileRefusedError) else str(error)
    return NotServedError(HTTPStatus.UNPROCESSABLE_ENTITY, reason, reasons=[reason])
