"""Progress on a terminal, and only there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from nnunet_ext.core.workers import Progress


@contextmanager
def progress_bar(description: str, unit: str) -> Iterator[Progress]:
    """Show a bar with the time left, while a library reports how many of how many are done.

    Yields
    ------
    callable
        Takes the number done and the number of all. Nothing is shown where standard error is no terminal.
    """
    with tqdm(desc=description, unit=unit, disable=not sys.stderr.isatty(), file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
