"""Running a verb in a process of its own that dies, or is disturbed, at a chosen event of the disk.

Python's audit hooks tell of every file that is opened for writing and of every rename, link, removal and new folder
before it happens. The process is a fork of this one, so that what a verb imports is imported once; it is a process like
any other all the same, and SIGKILL ends it without another instruction.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Timer
from typing import Any, Final, NoReturn

_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_SECONDS: Final = 120
_IMPORTED: Final = "import "


class Way(StrEnum):
    """How a process is disturbed."""

    KILL = "kill"
    """SIGKILL: power cut, the kernel out of memory, a cluster's time limit."""

    INTERRUPT = "interrupt"
    """SIGINT, as Ctrl-C sends it."""

    TERMINATE = "terminate"
    """SIGTERM, as a cluster sends it."""

    FULL = "full"
    """From then on no byte can be written to any file, as on a full disk."""

    TORN = "torn"
    """From then on the kernel kills the process in the middle of the first write beyond `Death.size` bytes."""


@dataclass(frozen=True)
class Death:
    """When and how.

    Parameters
    ----------
    event
        Number of the event, from 0.
    after
        Whether it happens first.
    way
        How.
    size
        Bytes that a file may grow to before the process is killed, where it is to be torn.
    """

    event: int
    after: bool = False
    way: Way = Way.KILL
    size: int = 0

    def __str__(self) -> str:
        torn = f", torn after {self.size} bytes" if self.way is Way.TORN else ""
        return f"{self.way} {'after' if self.after else 'before'} event {self.event}{torn}"


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Parameters
    ----------
    code
        Its exit code, or the negative number of the signal that killed it.
    said
        All that it printed.
    events
        What it did to the disk, as far as it came.
    modules
        That it imported.
    """

    code: int
    said: str
    events: tuple[str, ...]
    modules: tuple[str, ...]


def run_apart(
    work: Callable[[], int],
    root: Path,
    environment: Mapping[str, str],
    death: Death | None = None,
    *,
    seconds: float = _SECONDS,
) -> Ended:
    """Call `work` in a forked process, which dies as asked.

    Parameters
    ----------
    root
        Events elsewhere do not count.
    environment
        Variables of the process, beside those of this one.
    seconds
        After which it is taken to hang.
    """
    reading, writing = os.pipe()
    told, telling = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        os.close(told)
        _live(work, root, environment, death, (writing, telling))
    os.close(writing)
    os.close(telling)
    hangs = Timer(seconds, os.kill, (process, signal.SIGABRT))
    hangs.start()
    try:
        # Both at once: the modules of a first import fill a pipe, and who writes into a full one waits.
        with os.fdopen(reading, "rb") as said, os.fdopen(told, "rb") as events, ThreadPoolExecutor(1) as beside:
            listing = beside.submit(events.read)
            printed = said.read().decode(errors="replace")
            listed = listing.result().decode(errors="replace").splitlines()
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    finally:
        hangs.cancel()
        hangs.join()
    modules = [line.removeprefix(_IMPORTED) for line in listed if line.startswith(_IMPORTED)]
    return Ended(code, printed, tuple(line for line in listed if not line.startswith(_IMPORTED)), tuple(modules))


def _live(
    work: Callable[[], int], root: Path, environment: Mapping[str, str], death: Death | None, pipes: tuple[int, int]
) -> NoReturn:
    """Be the other process, to the end."""
    code = 70
    try:
        said, telling = pipes
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout = sys.stderr = open(said, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
        os.environ.update(environment)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _watch(root, death, telling)
        code = work()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except KeyboardInterrupt:
        code = 130
    except BaseException:  # noqa: BLE001 - it is another process, and this is its end
        traceback.print_exc()
        code = 1
    finally:
        os._exit(code)


def _watch(root: Path, death: Death | None, telling: int) -> None:
    count, busy, prefix = [0], [False], str(root)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "import" and not busy[0]:
            os.write(telling, f"{_IMPORTED}{arguments[0]}\n".encode())
        if event not in _EVENTS or busy[0]:
            return
        subject = _EVENTS[event][0](arguments, prefix)
        if subject is None:
            return
        number, count[0] = count[0], count[0] + 1
        busy[0] = True
        try:
            os.write(telling, f"{event} {subject}\n".encode(errors="replace"))
            if death is None or number != death.event:
                return
            if death.after and death.way is Way.KILL:
                _EVENTS[event][1](arguments)
            _disturb(death)
        finally:
            busy[0] = False

    sys.addaudithook(hook)


def _disturb(death: Death) -> None:
    if death.way is Way.KILL:
        os.kill(os.getpid(), signal.SIGKILL)
    elif death.way is Way.INTERRUPT:
        signal.raise_signal(signal.SIGINT)
    elif death.way is Way.TERMINATE:
        signal.raise_signal(signal.SIGTERM)
    elif death.way is Way.FULL:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (death.size, resource.RLIM_INFINITY))


def _opened(arguments: tuple[Any, ...], prefix: str) -> str | None:
    path, _, flags = arguments
    return _below(path, prefix) if isinstance(flags, int) and flags & _WRITES else None


def _renamed(arguments: tuple[Any, ...], prefix: str) -> str | None:
    source, target = (_below(path, prefix) for path in arguments[:2])
    return f"{source} {target}" if source or target else None


def _named(arguments: tuple[Any, ...], prefix: str) -> str | None:
    # Removing a tree, Python names what is in a folder relative to the folder, which is open.
    return f"({arguments[0]})" if arguments[-1] not in (-1, None) else _below(arguments[0], prefix)


def _below(path: Any, prefix: str) -> str | None:  # noqa: ANN401 - a path, its text or a descriptor
    if isinstance(path, int):
        return None
    place = Path.cwd() / os.fsdecode(path)
    return place.relative_to(prefix).as_posix() if place.is_relative_to(prefix) else None


def _folder(descriptor: int) -> int | None:
    return None if descriptor == -1 else descriptor


_EVENTS: Final[Mapping[str, tuple[Callable[..., str | None], Callable[..., object]]]] = {
    "open": (_opened, lambda of: os.close(os.open(of[0], of[2], 0o666))),
    "os.rename": (_renamed, lambda of: os.rename(of[0], of[1], src_dir_fd=_folder(of[2]), dst_dir_fd=_folder(of[3]))),
    "os.link": (_renamed, lambda of: os.link(of[0], of[1], src_dir_fd=_folder(of[2]), dst_dir_fd=_folder(of[3]))),
    "os.remove": (_named, lambda of: os.unlink(of[0], dir_fd=_folder(of[1]))),
    "os.rmdir": (_named, lambda of: os.rmdir(of[0], dir_fd=_folder(of[1]))),
    "os.mkdir": (_named, lambda of: os.mkdir(of[0], of[1], dir_fd=_folder(of[2]))),
}
"""For each audit event whether it counts, in words, and how it is done."""
