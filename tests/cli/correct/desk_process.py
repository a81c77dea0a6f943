"""The command in a process of its own, and the tab of a page that asks it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnunet_ext.correction.runs import mask_of, read_runs
from tests.correction.made_desk import Tab

COMMAND = str(Path(sys.executable).parent / "nnunet_ext")


@dataclass(frozen=True)
class DeskProcess:
    """A running command."""

    process: subprocess.Popen[bytes]
    address: str

    @property
    def tab(self) -> Tab:
        return Tab(self.address)

    def open(self, number: int = 1) -> dict[str, np.ndarray]:
        """Open a case, and give its masks as a page would show them."""
        opened = self.tab.open(number).json
        shape = tuple(opened["shape"])
        count = int(np.prod(shape))
        return {name: mask_of(read_runs(one["runs"], count), shape) for name, one in opened["masks"].items()}

    def interrupt(self) -> tuple[int, str, str]:
        """Press Ctrl-C, and give the exit code and what it had to say."""
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> tuple[int, str, str]:
        """Wait for its end, and give the exit code and what it had to say."""
        said, warned = self.process.communicate(timeout=60)
        return self.process.returncode, said.decode(), warned.decode()


@contextmanager
def desk_process(*arguments: object, **environment: str) -> Iterator[DeskProcess]:
    """Start the command, and wait until it has printed its address."""
    told = {name: text for name, text in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")}
    process = subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # so that no line is read ahead of the one that is waited for
        env={**told, **environment},
    )
    try:
        yield DeskProcess(process, _address(process))
    finally:
        process.kill()
        process.communicate()


def _address(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    while line := process.stdout.readline().decode():
        if line.startswith("address"):
            return line.split()[1]
    assert process.stderr is not None
    raise AssertionError(process.stderr.read().decode())
