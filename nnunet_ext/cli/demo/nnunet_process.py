"""Starting nnU-Net's own commands and ours, and hearing what they say."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from nnunet_ext.core.environment import nnunet_variables
from nnunet_ext.core.errors import EnvironmentProblemError, ProcessFailedError

_LAST_LINES: Final = 15
_OURS: Final = (sys.executable, "-m", "nnunet_ext.cli.main")
_STOP_SECONDS: Final = 10
_PROGRESS: Final = re.compile(r"epoch (\d+)/(\d+)  step (\d+)/(\d+)")


@dataclass(frozen=True)
class NnunetProcess:
    """How nnU-Net's commands, and ours, are started.

    Parameters
    ----------
    root
        Of its three folders.
    log
        File that everything they print is appended to.
    n_procs
        Worker processes, and threads of the workers that export predictions.
    """

    root: Path
    log: Path
    n_procs: int

    def run(
        self,
        command: str,
        arguments: Sequence[str],
        hear: Callable[[str], None],
        fine: Sequence[int] = (0,),
        variables: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        """Run one command to its end.

        Parameters
        ----------
        command, arguments
            Such as ``nnUNetv2_train``, or ``nnunet_ext`` for a verb of ours, and what follows it on a command line.
        hear
            Called with each line that it prints.
        fine
            Exit codes that are no error.
        variables
            Of the environment, besides those that every command gets.
        descriptors
            That the command keeps open as long as it runs.

        Raises
        ------
        EnvironmentProblemError
            Where the command is not installed.
        ProcessFailedError
            Where it ends with an error; the message holds its last lines.
        """
        program = [*(_OURS if command == "nnunet_ext" else (_find(command),)), *arguments]
        last: deque[str] = deque(maxlen=_LAST_LINES)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"\n$ {command} {' '.join(arguments)}\n")
            with _started(program, {**self._environment(), **(variables or {})}, descriptors) as process:
                for line in process.stdout or ():
                    log.write(line)
                    log.flush()
                    last.append(line)
                    hear(line)
                code = process.wait()
        if code not in fine:
            raise ProcessFailedError(
                f"{command} ended with exit code {code}; all it said stands in {self.log}; "
                f"its last lines:\n{''.join(last)}"
            )

    def _environment(self) -> dict[str, str]:
        ours = {
            **nnunet_variables(self.root, os.environ),
            "nnUNet_def_n_proc": str(self.n_procs),
            "nnUNet_n_proc_DA": str(max(1, self.n_procs - 1)),  # 0 crashes nnU-Net's planner
            "nnUNet_compile": "f",  # compiling takes longer than the whole demo
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore::FutureWarning",
        }
        # Threads that wait by spinning make each other wait on a busy machine: 0.9 s a step instead of 0.5.
        return {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, **ours}


def training_progress(line: str) -> tuple[float, str] | None:
    """Read our trainers' progress line: the part of the training that is done, and a few words."""
    found = _PROGRESS.search(line)
    if found is None:
        return None
    epoch, epochs, step, steps = (int(number) for number in found.groups())
    return (epoch - 1 + step / steps) / epochs, f"epoch {epoch} of {epochs}"


def _find(command: str) -> str:
    beside = Path(sys.executable).parent / command
    found = str(beside) if beside.exists() else shutil.which(command)
    if found is None:
        raise EnvironmentProblemError(
            f"nnU-Net's command {command} was needed and is not installed in this environment; "
            f"run: pip install 'nnunetv2>=2.8.1'"
        )
    return found


@contextmanager
def _started(
    program: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        program,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=tuple(descriptors),
        start_new_session=True,  # a group of its own: nnU-Net's workers outlive it where it alone is ended
    )
    output: IO[str] | None = process.stdout
    try:
        yield process
    finally:
        if process.poll() is None:  # interrupted: nothing may go on computing behind the user's back
            _end(process)
        if output is not None:
            output.close()


def _end(process: "subprocess.Popen[str]") -> None:
    if os.name != "posix":
        process.kill()
        return
    os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):  # the group is gone where everyone listened
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
