"""One process at a time works on a correction loop, whichever computer of a shared folder it runs on."""

import getpass
import json
import logging
import os
import secrets
import socket
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from nnunet_ext.active_learning.layout import Rounds
from nnunet_ext.core.atomic import TEMPORARY_MARK, sweep
from nnunet_ext.core.errors import ConflictError
from nnunet_ext.core.hold import hold
from nnunet_ext.core.leftovers import unfinished_file

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_LOG: Final = logging.getLogger(__name__)
_TRIES: Final = 10


@dataclass(frozen=True)
class Holder:
    """Who works on a loop.

    Parameters
    ----------
    user, host, pid
        The person's account, the computer's name and the process; of a claim that cannot be read `?` and 0.
    machine
        What tells this computer, since it was started, from all others.
    since
        The time, as ISO 8601 in UTC.
    """

    user: str
    host: str
    pid: int
    machine: str
    since: str

    @property
    def here(self) -> bool:
        """Whether its computer is this one, and was not started again since."""
        return (self.host, self.machine) == (socket.gethostname(), _machine())

    def __str__(self) -> str:
        if not self.pid:
            return "a process whose claim cannot be read"
        return f"{self.user} on {self.host}, process {self.pid}, since {self.since}"


@contextmanager
def claim(rounds: Rounds, *, steal: bool = False) -> Iterator[None]:
    """Be the only process that works on a loop while the block runs.

    The claim is a file that can be made once only, on folders that several computers share, too; and it is held with
    the system's lock, which goes with the process. So a claim of a process of this computer that was killed is known to
    be stale, and is taken over. Nobody can tell of another computer's.

    Parameters
    ----------
    rounds
        The loop. Its folder is made where it is missing; files that killed processes left unfinished in it are deleted.
    steal
        Whether the claim of another computer, or one that nobody can read, is taken over, as the user knows it for
        stale.

    Raises
    ------
    ConflictError
        Where another process holds it, with its name.
    """
    rounds.root.mkdir(parents=True, exist_ok=True)
    with unfinished_file(rounds.root, "") as mine, ExitStack() as held:
        mine.write_text(json.dumps(asdict(_me())), encoding="utf-8")
        _take(rounds, mine, held, steal=steal)
        mine.unlink()  # it has its final name, too, under which it stays held
        content = rounds.claim.read_bytes()
        try:
            sweep(rounds.root)
            yield
        finally:
            _give_back(rounds, content)


def holder_of(rounds: Rounds) -> Holder | None:
    """Say who works on a loop; None where nobody does, or the process is known to have been killed."""
    found = _read(rounds)
    if found is None:
        return None
    with _stale(rounds, found[1]) as stale:
        return None if stale else found[1]


def _take(rounds: Rounds, mine: Path, held: ExitStack, *, steal: bool) -> None:
    for _ in range(_TRIES):
        if _name(mine, rounds.claim, held):
            return
        found = _read(rounds)
        if found is None:  # given back meanwhile
            continue
        content, holder = found
        if not _remove_stale(rounds, holder):
            _refuse(rounds, holder, steal=steal)
            _remove_stolen(rounds, content)
        _LOG.warning("%s: took over the claim of %s", rounds.root, holder)
    raise ConflictError(f"{rounds.root}: other processes take it again and again; try the same command again")


def _refuse(rounds: Rounds, holder: Holder, *, steal: bool) -> None:
    """Refuse to take over a claim that is not known to be stale, unless the user knows that it is."""
    living = holder.here and _runs(holder.pid)
    if steal and not living:
        return
    if living:
        cure = f"wait for it to end, or end it: kill {holder.pid}"
    else:
        cure = "wait for it to end, or, if you know that it is gone, give the same command with --steal"
    raise ConflictError(f"{rounds.root}: one process at a time works on it, and now it is {holder}; {cure}")


def _name(mine: Path, claim_file: Path, held: ExitStack) -> bool:
    """Give the claim its name, unless that is taken; the content stands in it from its first moment on."""
    try:
        os.link(mine, claim_file)
    except FileExistsError:
        with suppress(OSError):  # over a network the answer to what has succeeded may be lost
            return claim_file.samefile(mine)
        return False
    except OSError as error:  # a disk that knows no links
        _LOG.debug("%s: %s; the claim is written instead", claim_file, error)
        if not held.enter_context(hold(claim_file, make=True)):
            return False
        claim_file.write_bytes(mine.read_bytes())
    return True


def _remove_stale(rounds: Rounds, holder: Holder) -> bool:
    """Remove a claim whose process is known to be gone: it ran here, and the system has let go of its lock."""
    with _stale(rounds, holder) as stale:
        if stale:  # while it is held no other process can take it for stale
            rounds.claim.unlink()
        return stale


def _remove_stolen(rounds: Rounds, content: bytes) -> None:
    """Remove a claim, and no other that another process has put in its place meanwhile."""
    aside = rounds.root / f"{TEMPORARY_MARK}{secrets.token_hex(6)}"
    with suppress(FileNotFoundError):  # another was faster
        rounds.claim.rename(aside)
        if aside.read_bytes() != content:
            os.link(aside, rounds.claim)
        aside.unlink()


@contextmanager
def _stale(rounds: Rounds, holder: Holder) -> Iterator[bool]:
    if not holder.here or sys.platform == "win32":
        yield False
        return
    with hold(rounds.claim, make=False) as free:
        yield free


def _give_back(rounds: Rounds, content: bytes) -> None:
    found = _read(rounds)
    if found is None or found[0] != content:
        _LOG.warning("%s: the claim was taken over while this process worked on it", rounds.root)
        return
    rounds.claim.unlink()


def _runs(pid: int) -> bool:
    if sys.platform == "win32":  # where this would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _read(rounds: Rounds) -> tuple[bytes, Holder] | None:
    try:
        content = rounds.claim.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return content, Holder(**json.loads(content))
    except (ValueError, TypeError):
        return content, Holder("?", "?", 0, "", "?")


def _me() -> Holder:
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in containers
        user = str(os.getuid()) if hasattr(os, "getuid") else "?"
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Holder(user, socket.gethostname(), os.getpid(), _machine(), since)


def _machine() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:  # macOS; another number each time where the network has none
        return f"{uuid.getnode():012x}"
