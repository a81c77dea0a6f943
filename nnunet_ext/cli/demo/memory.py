"""How much memory a process and all its children hold at their peak."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_SECONDS: Final = 1.0


@dataclass
class PeakMemory:
    """The largest sum seen so far, in bytes; 0 where the system does not tell (only Linux does)."""

    bytes_seen: int = 0
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    def watch(self) -> None:
        """Look every second until told to stop."""
        while not self._stop.wait(_SECONDS):
            self.bytes_seen = max(self.bytes_seen, family_memory(os.getpid()))

    def stop(self) -> None:
        """End the watch."""
        self._stop.set()


@contextmanager
def peak_memory() -> Iterator[PeakMemory]:
    """Watch this process and its children while the block runs."""
    peak = PeakMemory()
    watcher = threading.Thread(target=peak.watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        peak.stop()
        watcher.join()


def family_memory(process: int) -> int:
    """Sum the proportional set sizes of a process and its descendants, in bytes: shared pages count once."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name in brackets may hold spaces: the fields that count come after the last bracket.
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    family = {process}
    grown = True
    while grown:
        children = {child for child, parent in parents.items() if parent in family} - family
        family |= children
        grown = bool(children)
    return sum(_proportional_bytes(member) for member in family)


def _proportional_bytes(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
