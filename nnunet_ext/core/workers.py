"""One function on many cases, in several processes."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import repeat
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

from nnunet_ext.core.errors import ProcessFailedError

Progress = Callable[[int, int], None]
"""Takes the number of cases done and of all cases."""

Case = TypeVar("Case")
Result = TypeVar("Result")


def run_all(
    work: Callable[..., Result], cases: Sequence[Case], shared: tuple[Any, ...], n_procs: int, progress: Progress | None
) -> list[Result]:
    """Call ``work(case, *shared)`` for each case. No worker outlives this process, even where it is killed.

    Parameters
    ----------
    work
        A function of a module, so that another process finds it.
    n_procs
        Processes; the result does not depend on it.

    Returns
    -------
    list
        The results, in the order of the cases.

    Raises
    ------
    ProcessFailedError
        Where a worker was killed.
    """
    results = []
    for result in _results(work, cases, shared, n_procs):
        results.append(result)
        if progress is not None:
            progress(len(results), len(cases))
    return results


def _results(
    work: Callable[..., Result], cases: Sequence[Case], shared: tuple[Any, ...], n_procs: int
) -> Iterator[Result]:
    arguments = cases, *(repeat(value) for value in shared)
    if n_procs <= 1 or len(cases) <= 1:
        yield from map(work, *arguments)
        return
    try:
        # spawn: the caller may have started threads (torch, matplotlib), which a forked child would not have.
        with ProcessPoolExecutor(min(n_procs, len(cases)), get_context("spawn"), _end_with_parent) as pool:
            yield from pool.map(work, *arguments)
    except BrokenProcessPool as error:
        raise ProcessFailedError(
            "a worker was killed, most often for want of memory; run the same command again with fewer --n-procs"
        ) from error


def _end_with_parent() -> None:
    """Have a worker end with its parent: else it would wait for ever for work, or overwrite what a later run wrote."""
    Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)
