"""One command on a scene in which one text file was spoiled."""

import contextlib
import io
import logging
import random
import shutil
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnunet_ext.cli.main import main
from tests.fuzz.scene import Scene, nnunet_folders
from tests.fuzz.spoil import spoil

LONGEST_SECONDS: Final = 10.0
_GIVEN_UP: Final = 60
_NAMED: Final = frozenset({0, 2, 3, 4, 5, 6})


@dataclass(frozen=True)
class Ending:
    """How a run ended: `fault` is empty where it was done, or refused what it found by name."""

    what: str
    code: int
    seconds: float
    said: str
    fault: str


def run_spoiled(scene: Scene, base: Path, work: Path, rng: random.Random) -> Ending:
    """Copy a scene, spoil one of its files and run its command, in this process.

    A traceback, exit code 1, an error without words and more than `LONGEST_SECONDS` are faults.
    """
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(base, work, symlinks=True)
    name = rng.choice(scene.files)
    file = work / name
    content, way = spoil(name, file.read_bytes(), rng)
    file.write_bytes(content)
    said = io.StringIO()
    begun = time.process_time()  # of this process: a busy machine is no fault
    fault = ""
    with _at(work, nnunet=scene.nnunet), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), _limited():
        try:
            code = main([part.replace("{root}", str(work)) for part in scene.arguments])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except Exception:  # noqa: BLE001 - a fault is what is looked for
            code, fault = 1, traceback.format_exc()
    seconds = time.process_time() - begun
    text = said.getvalue()
    if not fault and code not in _NAMED:
        fault = f"exit code {code}: {text[-2000:]}"
    if not fault and code and not any(word in text for word in ("error:", "warning:", "refused")):
        fault = f"exit code {code} without a word"
    if not fault and seconds > LONGEST_SECONDS:
        fault = f"took {seconds:.1f} s"
    return Ending(f"{scene.name}: {name}: {way}", code, seconds, text, fault)


@contextlib.contextmanager
def _at(work: Path, *, nnunet: bool) -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    try:
        place = nnunet_folders(work) if nnunet else contextlib.nullcontext()
        with contextlib.chdir(work), place, warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(logging.NOTSET)


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Break off what hangs."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"hung for {_GIVEN_UP} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_GIVEN_UP)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
