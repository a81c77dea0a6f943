"""Running steps one after the other, and knowing after an interruption which of them are done."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from nnunet_ext import __version__
from nnunet_ext.cli.demo.console import Console
from nnunet_ext.core.atomic import write_json
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.read_json import read_json

SCHEMA: Final = 1

Tell = Callable[[float, str], None]
"""Takes the part of a step that is done, from 0 to 1, and a few words."""


@dataclass(frozen=True)
class Step:
    """One step.

    Parameters
    ----------
    name
        Of its file of state.
    title
        For people.
    expected_seconds
        On two cores; only its share of the whole matters, for the time left.
    settings
        What its result depends on besides the steps before it; JSON.
    run
        Does the work. It finds what it had finished before an interruption, where `clear` was not called.
    clear
        Removes what the step made from other settings.
    """

    name: str
    title: str
    expected_seconds: float
    settings: Any
    run: Callable[[Tell], None]
    clear: Callable[[], None]


@dataclass(frozen=True)
class StepState:
    """What is known of a step: from which settings it was begun, and how long it took where it is done."""

    schema: int
    fingerprint: str
    seconds: float | None = None


def run_steps(steps: Sequence[Step], folder: Path, console: Console) -> dict[str, float]:
    """Run what is not yet done, and give the seconds that each step took, those of earlier runs included.

    A step is done where its state, a file in `folder`, says so for the same settings, and the same settings of all
    steps before it.
    """
    fingerprint = ""
    seconds: dict[str, float] = {}
    for number, step in enumerate(steps, start=1):
        fingerprint = _fingerprint(fingerprint, step)
        file = folder / f"{step.name}.json"
        state = _read_state(file)
        if state is not None and state.fingerprint == fingerprint and state.seconds is not None:
            seconds[step.name] = state.seconds
            console.already_done(number, step.title, state.seconds)
            continue
        if state is None or state.fingerprint != fingerprint:
            step.clear()
            write_json(file, asdict(StepState(SCHEMA, fingerprint)))
        begun = time.monotonic()
        console.begin(number, step.title)
        step.run(console.tell)
        seconds[step.name] = time.monotonic() - begun
        write_json(file, asdict(StepState(SCHEMA, fingerprint, seconds[step.name])))
        console.end(seconds[step.name])
    return seconds


def _fingerprint(before: str, step: Step) -> str:
    text = json.dumps([SCHEMA, __version__, before, step.name, step.settings], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _read_state(file: Path) -> StepState | None:
    try:
        state = StepState(**read_json(file))
    except (FileRefusedError, TypeError):  # not begun, or written by another version: begin again
        return None
    return state if state.schema == SCHEMA else None
