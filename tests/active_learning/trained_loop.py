"""Loops that train in a blink."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from nnunet_ext.cli.demo.nnunet_process import NnunetProcess
from nnunet_ext.core.errors import ProcessFailedError
from tests.active_learning.loop import Loop
from tests.cascade.prediction.tiny_model import CORD_LESION, TinyModel
from tests.nnunet_server import ONE_PROCESS, run_nnunet

SETTINGS = {"iterations_per_epoch": 2, "validation_iterations_per_epoch": 1, "save_every": 1, "progress_seconds": 0.0}


def write_first_model(folder: Path, folds: int = 1) -> Path:
    """Write a model with the weights of chance, which nnU-Net can go on training."""
    dataset = {"channel_names": {"0": "MRI"}, "image_axes_nibabel": "LAS"}
    model = TinyModel(
        labels=CORD_LESION, dataset=dataset, spacing=(2.0, 1.0, 1.0), mirrored=None, folds=folds,
        configuration={"batch_dice": True, "nnunet_ext": SETTINGS},
    )  # fmt: skip
    return model.write(folder)


def train(loop: Loop, *arguments: object) -> tuple[int, str]:
    with quick_nnunet():
        return loop.call("active", "train", loop.rounds.root, "-device", "cpu", *arguments)


@contextmanager
def quick_nnunet() -> Iterator[None]:
    """Have nnU-Net's commands run as forks of a process that has imported it; see `tests/nnunet_server.py`."""

    def run(
        process: NnunetProcess, command: str, arguments: Sequence[str], hear: Callable[[str], None],
        fine: Sequence[int] = (0,), variables: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:  # fmt: skip
        environment = {**os.environ, **process._environment(), **(variables or {}), **ONE_PROCESS}
        done = run_nnunet([command, *arguments], environment)
        with process.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {command} {' '.join(arguments)}\n{done.stdout}")
        for line in done.stdout.splitlines(keepends=True):
            hear(line)
        if done.returncode not in fine:
            raise ProcessFailedError(done.stdout)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # see the fixture `one_thread`
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NnunetProcess, "run", run)
        yield
    torch.set_num_threads(threads)
