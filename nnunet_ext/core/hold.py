"""Holding an unfinished file: the system lets go with the process, however it ends, so that a later run can tell."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl


@contextmanager
def hold(path: Path, *, make: bool) -> Iterator[bool]:
    """Hold a file while the block runs, against every other process and every other hold of this one.

    Windows needs none: there nobody can delete what a process has open.

    Parameters
    ----------
    path
        The file. Renamed meanwhile, it stays held.
    make
        Whether it is made, and must not stand there yet; else it is one that stands there.

    Yields
    ------
    bool
        False where it is not held: it is gone, is a link, or another holds it. Where the file system knows no locks,
        one that was just made counts as held, and one that stands there does not: nobody can tell whose it is.

    Raises
    ------
    OSError
        Where it cannot be made.
    """
    if sys.platform == "win32":
        if make:
            path.touch(exist_ok=False)
        yield True
        return
    try:
        descriptor = os.open(path, os.O_RDWR | (os.O_CREAT | os.O_EXCL if make else 0), 0o666)
    except OSError:
        if make and not os.path.lexists(path):
            raise
        yield False
        return
    try:
        yield _locked(descriptor, path, unknown=make)
    finally:
        os.close(descriptor)


@contextmanager
def heritable_hold(path: Path) -> Iterator[tuple[int, ...] | None]:
    """Hold a file while the block runs, and on as long as any process runs that was given what is yielded.

    Parameters
    ----------
    path
        The file, which is made where there is none, and stays.

    Yields
    ------
    tuple of int or None
        For `subprocess.Popen(pass_fds=...)`; none where the system or the disk knows no locks. None where another
        process holds the file.

    Raises
    ------
    OSError
        Where it cannot be made.
    """
    if sys.platform == "win32":
        yield ()
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield (descriptor,) if _locked(descriptor, path, unknown=True) else None
    finally:
        os.close(descriptor)


def _locked(descriptor: int, path: Path, *, unknown: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return unknown
    try:  # between the opening and the lock, a sweep may have removed it
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False
