"""Who holds a case: one tab at a time, also where two servers work on one folder."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock

from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.leftovers import sweep, unfinished_file
from nnunet_ext.core.read_json import read_json_object
from nnunet_ext.correction.desk import Desk, key_of
from nnunet_ext.correction.desk_case import DeskCase

STALE_SECONDS: Final = 60.0
"""A tab that was not heard of for so long may lose its case to another."""

_LOCK_SECONDS: Final = 30.0
_ENDING: Final = ".server"


@dataclass(frozen=True)
class _Hold:
    tab: str
    rater: str
    host: str
    since: str
    server: str

    def __str__(self) -> str:
        whose = f"tab of {self.rater}" if self.rater else "a tab"
        return f"{whose} on {self.host} since {self.since}"


@dataclass(frozen=True)
class Holds:
    """The holds of a desk's cases, as files that every server on its folder sees.

    A hold counts while its server lives, which a file that the system lets go of with the process tells, and while its
    tab was heard of within `STALE_SECONDS`.

    Parameters
    ----------
    desk
        Whose cases.
    server
        Name of the file that is held by this server's process.
    """

    desk: Desk
    server: str

    def take(self, case: DeskCase, tab: str) -> str:
        """Let a tab hold a case; empty where it now does, else who does, in words."""
        with self._locked():
            other = self._other(case, tab)
            if other is None:
                since = datetime.now(UTC).astimezone().strftime("%H:%M")
                hold = _Hold(tab, self.desk.rater, socket.gethostname(), since, self.server)
                write_json(self._path(case), asdict(hold))
            return "" if other is None else str(other)

    def keeps(self, case: DeskCase, tab: str) -> bool:
        """Tell whether a tab holds a case by this server, and note that it was heard of."""
        with self._locked():
            hold = self._read(case)
            if hold is None or (hold.tab, hold.server) != (tab, self.server):
                return False
            os.utime(self._path(case))
            return True

    def beat(self, tab: str) -> None:
        """Note that a tab was heard of."""
        for case in self.desk.cases:
            if self._path(case).is_file():
                self.keeps(case, tab)

    def release(self, case: DeskCase, tab: str) -> None:
        """Let go of a case, where the tab holds it."""
        with self._locked():
            hold = self._read(case)
            if hold is not None and (hold.tab, hold.server) == (tab, self.server):
                self._path(case).unlink(missing_ok=True)

    def held_by(self, case: DeskCase, tab: str) -> str:
        """Say who else holds a case; empty where nobody does."""
        other = self._other(case, tab) if self._path(case).is_file() else None
        return "" if other is None else str(other)

    def _other(self, case: DeskCase, tab: str) -> _Hold | None:
        hold = self._read(case)
        if hold is None or hold.tab == tab:
            return None
        folder = self._folder
        sweep(folder, below=False)
        if not (folder / hold.server).is_file():
            return None
        try:
            heard = self._path(case).stat().st_mtime
        except FileNotFoundError:
            return None
        return hold if time.time() - heard <= STALE_SECONDS else None

    def _read(self, case: DeskCase) -> _Hold | None:
        path = self._path(case)
        if not path.is_file():
            return None
        try:
            content = read_json_object(path)
            return _Hold(**{name: str(content[name]) for name in _Hold.__annotations__})
        except (FileRefusedError, KeyError):  # torn, or let go of since: it holds nothing
            return None

    def _path(self, case: DeskCase) -> Path:
        return self._folder / f"{key_of(case.name)}.json"

    @property
    def _folder(self) -> Path:
        return _folder_of(self.desk)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with FileLock(self._folder / "lock", timeout=_LOCK_SECONDS):
            yield


@contextmanager
def holds_of(desk: Desk) -> Iterator[Holds]:
    """Let a server of this process hold cases while the block runs; with it all its holds end.

    Raises
    ------
    OSError
        Where the desk's folder cannot be written.
    """
    folder = _folder_of(desk)
    folder.mkdir(parents=True, exist_ok=True)
    with unfinished_file(folder, _ENDING) as presence, presence.open("rb"):  # open: what Windows does not delete
        yield Holds(desk, presence.name)


def _folder_of(desk: Desk) -> Path:
    return desk.hidden / "held"
