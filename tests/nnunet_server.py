"""nnU-Net's commands in forks of one process that has imported it: started anew, each spends seconds on its imports.

A command stays a process of its own, with its own arguments and environment. Worker processes that nnU-Net starts anew
are forked, too. `tests/trainers/test_sci.py` runs the command as it is, with every way to start workers.
"""

import atexit
import gc
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

COMMANDS = ("nnUNetv2_train", "nnUNetv2_predict", "nnUNetv2_plan_and_preprocess")
ONE_PROCESS = {"OMP_NUM_THREADS": "1", "nnUNet_def_n_proc": "1", "nnUNet_n_proc_DA": "1", "nnUNet_compile": "f"}
"""Small and quick: nnU-Net reads the second when it is imported."""

Done = subprocess.CompletedProcess[str]


def run_nnunet(command: Sequence[str], environment: Mapping[str, str]) -> Done:
    """Run one of nnU-Net's commands, or `-c` and some code, and wait for it.

    Parameters
    ----------
    command
        With its arguments.
    environment
        All of it; `ONE_PROCESS` holds where it says nothing else.

    Returns
    -------
    Done
        What it wrote to either stream is under `stdout`.
    """
    (done,) = run_at_once([command], environment)
    return done


def run_at_once(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> list[Done]:
    """Run several beside each other, as `run_nnunet` does one."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        outputs = [str(Path(folder) / str(number)) for number in range(len(commands))]
        asked = {"commands": commands, "environment": {**ONE_PROCESS, **environment}, "outputs": outputs}
        try:
            server.stdin.write(json.dumps(asked) + "\n")
            server.stdin.flush()
            codes = json.loads(server.stdout.readline())
        except BaseException:  # such as a test that takes too long: the next one must not get this one's answer
            _end(server)
            _server.cache_clear()
            raise
        return [
            Done(list(command), code, Path(output).read_text())
            for command, code, output in zip(commands, codes, outputs, strict=True)
        ]


@cache
def _server() -> "subprocess.Popen[str]":
    server = subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore", __file__],
        env={**os.environ, **ONE_PROCESS},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(_end, server)
    return server


def _end(server: "subprocess.Popen[str]") -> None:
    """End it with all that it runs."""
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def _serve() -> None:
    """Run one command after the other, until nobody can ask any more."""
    for name in COMMANDS:
        _entry_point(name)
    import_module("nnunetv2.training.nnUNetTrainer.primus.primus_trainers")  # whoever looks for a trainer passes there
    fork = multiprocessing.get_context("fork")
    vars(multiprocessing)["get_context"] = lambda _=None: fork
    extractor = import_module("nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor")
    few = property(lambda _: 10_000, lambda *_: None)  # where 10e7 are drawn with replacement, however small the images
    extractor.DatasetFingerprintExtractor.num_foreground_voxels_for_intensitystats = few
    logger = import_module("nnunetv2.training.logging.nnunet_logger").LocalLogger
    logger.plot_progress_png = _touch_progress  # the picture of 16 million pixels takes longer than an epoch
    gc.freeze()  # what forks share stays shared
    for line in sys.stdin:
        asked = json.loads(line)
        children = []
        for command, output in zip(asked["commands"], asked["outputs"], strict=True):
            children.append(os.fork())
            if not children[-1]:
                _run(command, asked["environment"], output)
                return
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        sys.stdout.write(f"{json.dumps(codes)}\n")
        sys.stdout.flush()


def _touch_progress(_: object, folder: str) -> None:
    (Path(folder) / "progress.png").touch()


def _run(command: list[str], environment: dict[str, str], output: str) -> None:
    import numpy as np
    import torch

    np.random.seed()  # noqa: NPY002 - or all forks would draw the same; Python's own is seeded anew by itself
    torch.seed()
    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(written, stream)
    os.environ.clear()
    os.environ.update(environment)
    if command[0] == "-c":
        sys.argv = ["-c", *command[2:]]
        exec(command[1], {"__name__": "__main__"})  # noqa: S102 - code of the tests
    else:
        sys.argv = command
        sys.exit(_entry_point(command[0])())


def _entry_point(name: str) -> Callable[[], int | None]:
    (found,) = entry_points(group="console_scripts", name=name)
    entry: Callable[[], int | None] = found.load()
    return entry


if __name__ == "__main__":
    _serve()
