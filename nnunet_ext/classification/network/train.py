"""Training a network on crops; a killed training goes on, and ends in the same weights."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from nnunet_ext.classification.network.architecture import as_input, build_network
from nnunet_ext.classification.network.augment import augmented
from nnunet_ext.classification.network.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from nnunet_ext.classification.network.labelled import LabelledCrops
from nnunet_ext.classification.network.network import Network, stacked
from nnunet_ext.classification.network.settings import NetworkSettings, check_settings
from nnunet_ext.core.errors import DataRefusedError, UsageError

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn
    from torch.optim import AdamW

Progress = Callable[[int, float, float | None], object]
"""Told after each epoch: its number from 1, the loss on the training and that on the validation patients."""

_SAVED_EVERY: Final = 5  # epochs, a few seconds
_WARM_UP: Final = 0.1
_FLAT: Final = 2


def train_network(
    patients: LabelledCrops,
    settings: NetworkSettings,
    folder: Path,
    seed: int,
    *,
    device: str = "cpu",
    progress: Progress = lambda _epoch, _loss, _validation: None,
) -> Network:
    """Train DenseNet121 for a fixed number of epochs.

    Cross-entropy in which each diagnosis weighs the same in total, with label smoothing; AdamW; see `augmented` for
    what is changed each time. On a CPU the same seed and number of threads give the same weights.

    Parameters
    ----------
    folder
        Keeps the state of the training, `network_checkpoint.pt`, written after every fifth epoch. The same call goes on
        from there; another one begins anew. It holds no names, but weights of a training that others need not see.
    seed
        Not negative.
    device
        `cpu`, `cuda` or another of torch's.

    Returns
    -------
    Network
        The weights after the last epoch; with validation patients those of least loss on them.

    Raises
    ------
    DataRefusedError
        Where nothing can be learned from the patients, crops are not of these settings, or the training diverges.
    UsageError
        Where no network is of these settings.
    EnvironmentProblemError
        Where MONAI is not installed.
    """
    try:
        check_settings(settings)
    except ValueError as error:
        raise UsageError(f"settings of the network: {error}") from error
    patients.check()
    of = patients.digest(settings, seed)
    state = load_checkpoint(folder, of, device)
    if state is None or state.epochs < settings.epochs:
        state = _Training(patients, settings, seed, device).run(folder, of, state, progress)
    weights = {name: value.cpu().contiguous().numpy() for name, value in (state.best or state.weights).items()}
    return Network(settings, patients.crops[0].channels, tuple(patients.diagnoses), weights)


class _Training:
    """A training with all that it needs at hand."""

    def __init__(self, patients: LabelledCrops, settings: NetworkSettings, seed: int, device: str) -> None:
        import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

        self.settings, self.seed, self.device = settings, seed, device
        channels = patients.crops[0].channels
        self.data = torch.from_numpy(stacked(patients.crops, channels, settings))
        self.present = torch.tensor([crop.present for crop in patients.crops])
        self.truth = torch.tensor(list(patients.truth))
        self.training, self.validation = patients.training, list(patients.validation)
        counts = np.bincount(np.asarray(patients.truth)[self.training], minlength=len(patients.diagnoses))
        balanced = np.divide(counts.sum(), counts, out=np.zeros(len(counts)), where=counts > 0)
        self.weights = torch.tensor(balanced, dtype=torch.float32, device=device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            built = build_network(settings, len(channels), len(patients.diagnoses))
        self.module: nn.Module = built.to(device)
        if settings.dimensions == _FLAT:
            self.module = self.module.to(memory_format=torch.channels_last)
        self.optimizer: AdamW = torch.optim.AdamW(self.module.parameters(), settings.rate, weight_decay=settings.decay)

    def run(self, folder: Path, of: str, state: Checkpoint | None, progress: Progress) -> Checkpoint:
        """Train from a state to the end."""
        if state is None:
            state = Checkpoint(of, 0, self.module.state_dict())
        else:
            self.module.load_state_dict(state.weights)
            self.optimizer.load_state_dict(dict(state.optimizer))
        for epoch in range(state.epochs, self.settings.epochs):
            loss = self._epoch(epoch)
            validation = self._validate() if self.validation else None
            state = replace(state, epochs=epoch + 1)
            if validation is not None and validation < state.best_loss:
                best = {name: value.clone() for name, value in self.module.state_dict().items()}
                state = replace(state, best=best, best_loss=validation)
            done = epoch + 1 == self.settings.epochs
            if done or (epoch + 1) % _SAVED_EVERY == 0:
                optimizer = {} if done else self.optimizer.state_dict()
                state = replace(state, weights=self.module.state_dict(), optimizer=optimizer)
                save_checkpoint(folder, state)
            progress(epoch + 1, loss, validation)
        return state

    def _epoch(self, epoch: int) -> float:
        """Show each patient once, in an order and in ways that seed and epoch alone decide."""
        import torch  # noqa: PLC0415 - as above

        order = np.random.default_rng([self.seed, epoch])
        generator = torch.Generator().manual_seed(int(order.integers(2**62)))
        indices = order.permutation(self.training)
        batches = np.array_split(indices, math.ceil(len(indices) / self.settings.batch))
        self.module.train()
        losses = []
        for number, batch in enumerate(batches):
            rate = self.settings.rate * _share_of_rate((epoch + number / len(batches)) / self.settings.epochs)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            losses.append(self._step(torch.from_numpy(batch), generator))
        loss = float(np.mean(losses))
        if not math.isfinite(loss):
            raise DataRefusedError(
                f"epoch {epoch + 1}: a finite loss was needed, found {loss}: the training diverged; lower its rate of "
                f"{self.settings.rate:g}"
            )
        return loss

    def _step(self, batch: "Tensor", generator: "Generator") -> float:
        from torch.nn.functional import cross_entropy  # noqa: PLC0415 - as above

        settings = self.settings
        shown = augmented(
            self.data[batch], self.present[batch], settings.crop.spacing, settings.channel_dropout, generator
        )
        logits = self.module(as_input(shown.to(self.device), settings))
        truth = self.truth[batch].to(self.device)
        loss = cross_entropy(logits, truth, self.weights, label_smoothing=settings.smoothing)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def _validate(self) -> float:
        import torch  # noqa: PLC0415 - as above
        from torch.nn.functional import cross_entropy  # noqa: PLC0415 - as above

        self.module.eval()
        with torch.inference_mode():
            parts = torch.tensor(self.validation).split(self.settings.batch)
            logits = [self.module(as_input(self.data[part].to(self.device), self.settings)).cpu() for part in parts]
            return float(cross_entropy(torch.cat(logits), self.truth[self.validation], self.weights.cpu()))


def _share_of_rate(done: float) -> float:
    """Give the share of the highest rate: a rise in a straight line, then half a cosine down to 0."""
    if done < _WARM_UP:
        return (done + 1e-2) / (_WARM_UP + 1e-2)
    return (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP))) / 2
