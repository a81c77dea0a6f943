"""Batches of several workers: which are the same, and which must not be."""

import multiprocessing
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from nnunet_ext.trainers.seeds import Seeds
from nnunet_ext.trainers.spine_loader import Drawing, PlaceLabels, spine_loader
from nnunet_ext.trainers.spine_loaders import spine_loaders
from nnunet_ext.trainers.spine_plan import SamplingShares

MakeTrainer = Callable[..., Any]
SIZE = (64, 64, 64)
PATCH = (8, 8, 8)
WORKERS = 2
BATCHES = 12


class Numbered:
    """A case in which every voxel has another value, so that a patch tells where it lies, and an empty channel."""

    identifiers = ("a",)

    def load_case(self, identifier: str) -> tuple[Any, Any, None, dict[str, Any]]:
        data = np.arange(np.prod(SIZE), dtype=np.float32).reshape(1, *SIZE)
        return np.concatenate([data, 0 * data]), np.ones((1, *SIZE), np.int16), None, {"class_locations": {}}


class Noise:
    """A transform that draws from torch, as nnU-Net's do, for the second channel."""

    def __call__(self, image: torch.Tensor, segmentation: torch.Tensor) -> dict[str, torch.Tensor]:
        image[1] += torch.rand(1)
        return {"image": image, "segmentation": segmentation}


@pytest.fixture(params=["fork", "spawn"])
def start_method(request: pytest.FixtureRequest) -> Iterator[str]:
    """Python's way to start workers."""
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method(request.param, force=True)
    yield request.param
    multiprocessing.set_start_method(before, force=True)


def bare() -> tuple[Any, Any]:
    """Make loaders as nnU-Net makes them without workers."""
    from batchgenerators.dataloading.single_threaded_augmenter import SingleThreadedAugmenter
    from nnunetv2.training.dataloading.data_loader import nnUNetDataLoader
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

    manager = LabelManager({"background": 0, "sc": 1}, None)
    loaders = [nnUNetDataLoader(Numbered(), 1, PATCH, PATCH, manager, 0.33, transforms=Noise()) for _ in range(2)]
    training, validation = (SingleThreadedAugmenter(loader, None) for loader in loaders)
    return training, validation


def batches(seeds: Seeds, monkeypatch: pytest.MonkeyPatch, *, workers: int = WORKERS) -> tuple[set[Any], set[Any]]:
    """Draw from training and validation; a batch as its place, and what torch added to it."""
    monkeypatch.setenv("nnUNet_n_proc_DA", str(workers))
    drawing = Drawing(SamplingShares(0, 0, 1), PlaceLabels((), (1,)))
    loaders = spine_loaders(bare, lambda stock: spine_loader(stock, drawing), seeds, pin_memory=False)
    drawn = []
    for loader in loaders:
        drawn.append({tuple(next(loader)["data"][0, :, 0, 0, 0].tolist()) for _ in range(BATCHES)})
        if workers:
            loader._finish()
    return drawn[0], drawn[1]


def test_workers_of_a_training_without_a_seed_draw_different_patches(
    start_method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)  # as forked workers inherit it
    training, validation = batches(Seeds.of(None), monkeypatch)
    assert len(training) == len(validation) == BATCHES
    for generator in zip(*training, *validation, strict=True):  # numpy's, then torch's
        assert len(set(generator)) == 2 * BATCHES


def test_two_seeds_share_no_batch_nor_do_training_and_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [one for seed in (1, 2) for one in batches(Seeds.of(seed), monkeypatch)]
    assert len(set.union(*drawn)) == 4 * BATCHES


@pytest.mark.parametrize(("seed", "start_method"), [(0, "fork"), (2**40, "spawn")], indirect=["start_method"])
def test_a_seed_gives_the_same_batches_again(seed: int, start_method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # One worker, since of several it is left to chance which hands over the last.
    drawn = batches(Seeds.of(seed), monkeypatch, workers=1)
    multiprocessing.set_start_method("fork", force=True)
    assert batches(Seeds.of(seed), monkeypatch, workers=1) == drawn


def test_neither_a_later_epoch_nor_another_rank_sees_the_batches_of_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = [batches(Seeds.of(1).within(*key), monkeypatch)[0] for key in ((0, 0), (1, 0), (0, 1), (500, 0))]
    assert len(set.union(*drawn)) == 4 * BATCHES


def test_without_workers_a_resumed_training_does_not_begin_again_either(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    for epoch in (0, 3, 0):
        Seeds.of(1).sow()  # as at the start of a training, resumed or not
        drawn.append(batches(Seeds.of(1).within(epoch, 0), monkeypatch, workers=0)[0])
    assert drawn[0] == drawn[2]
    assert not drawn[0] & drawn[1]


def test_a_trainer_s_workers_draw_by_seed_epoch_and_rank(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("nnUNet_n_proc_DA", "0")
    drawn = []
    for epoch, rank in ((0, 0), (0, 0), (2, 0), (0, 1)):
        trainer = make_trainer(seed=2**40)
        trainer.initialize()
        trainer.current_epoch, trainer.local_rank = epoch, rank
        drawn.append(next(trainer.get_dataloaders()[0])["data"].numpy().tobytes())
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3
