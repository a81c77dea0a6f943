import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nnunet_ext.classification.network.augment import augmented
from nnunet_ext.classification.network.checkpoint import FILE
from nnunet_ext.classification.network.crop import Crop
from nnunet_ext.classification.network.labelled import LabelledCrops
from nnunet_ext.classification.network.network import Network
from nnunet_ext.classification.network.settings import CropSettings, NetworkSettings
from nnunet_ext.classification.network.train import train_network
from nnunet_ext.core.errors import DataRefusedError, UsageError
from tests.classification.network.made import DIAGNOSES, TINY, made_crop, made_patients, trained

SHORT = replace(TINY, epochs=7, crop=CropSettings(size=(1, 16, 16)), batch=4)

KILLED = """
import os, signal, sys, torch
from pathlib import Path
from nnunet_ext.classification.network.train import train_network
from tests.classification.network.made import made_patients
from tests.classification.network.test_train import SHORT
def kill(epoch, loss, validation):
    if epoch == 6:
        os.kill(os.getpid(), signal.SIGKILL)
torch.set_num_threads(int(sys.argv[2]))
train_network(made_patients(8, 0, SHORT.crop), SHORT, Path(sys.argv[1]), 3, progress=kill)
"""


def short(folder: Path, seed: int = 3, epochs: list[int] | None = None, settings: NetworkSettings = SHORT) -> Network:
    seen = [] if epochs is None else epochs
    return train_network(
        made_patients(8, 0, SHORT.crop), settings, folder, seed, progress=lambda epoch, _loss, _held: seen.append(epoch)
    )


def same(one: Network, other: Network) -> bool:
    return all(np.array_equal(values, other.weights[name]) for name, values in one.weights.items())


def accuracy(network: Network, patients: LabelledCrops) -> float:
    return float((network.predict(patients.crops).argmax(axis=1) == patients.truth).mean())


def test_it_learns_what_can_be_seen() -> None:
    assert accuracy(trained(), made_patients(40, 1000)) > 0.9


def test_a_network_that_was_denied_an_image_now_and_then_can_do_without(tmp_path: Path) -> None:
    def both(count: int, seed: int, *, there: bool) -> LabelledCrops:
        """Show the spot in both images."""
        made = made_patients(count, seed)
        for crop in made.crops:
            crop.data[1] = crop.data[0] if there else 0
        return replace(made, crops=[replace(crop, present=(True, there)) for crop in made.crops])

    network = train_network(both(24, 0, there=True), replace(TINY, channel_dropout=0.5), tmp_path, 0)
    assert accuracy(network, both(40, 1000, there=True)) > 0.9
    assert accuracy(network, both(40, 1000, there=False)) > 0.9


def test_it_learns_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    plain = [made_crop(number) for number in range(16)]
    network = train_network(LabelledCrops(plain, [0, 1] * 8, DIAGNOSES), replace(TINY, epochs=4), tmp_path, 0)
    fresh = LabelledCrops([made_crop(1000 + number) for number in range(40)], [0, 1] * 20, DIAGNOSES)
    assert accuracy(network, fresh) < 0.75  # 30 of 40 by guessing: p = 0.001


def test_a_killed_training_goes_on_and_ends_in_the_same_weights(tmp_path: Path) -> None:
    whole = short(tmp_path / "whole")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), str(torch.get_num_threads())]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert (tmp_path / "killed" / FILE).is_file()
    epochs: list[int] = []
    assert same(short(tmp_path / "killed", epochs=epochs), whole)
    assert epochs == [6, 7]


def test_the_same_seed_gives_the_same_weights_and_another_others(tmp_path: Path) -> None:
    first = short(tmp_path / "first")
    torch.manual_seed(5)  # what others drew before does not matter
    assert same(first, short(tmp_path / "second"))
    assert not same(first, short(tmp_path / "third", seed=4))


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    first, epochs = short(tmp_path), list[int]()
    assert same(short(tmp_path, epochs=epochs), first)
    assert epochs == []


def test_a_checkpoint_of_something_else_or_a_damaged_one_is_not_gone_on_from(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = short(tmp_path)
    other: list[int] = []
    short(tmp_path, epochs=other, settings=replace(SHORT, rate=1e-4))
    assert other == [1, 2, 3, 4, 5, 6, 7]
    assert "other patients, settings or another seed" in caplog.text
    content = (tmp_path / FILE).read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"\x80\x02cos\nsystem\n."):
        (tmp_path / FILE).write_bytes(damaged)
        epochs: list[int] = []
        assert same(short(tmp_path, epochs=epochs), first)
        assert epochs == [1, 2, 3, 4, 5, 6, 7]
    assert "begins anew" in caplog.text


def test_validation_patients_choose_the_epoch_and_are_not_trained_on(tmp_path: Path) -> None:
    patients = made_patients(8, 0, SHORT.crop)
    held = replace(patients, validation=[0, 1, 2, 3])
    losses: list[float | None] = []
    chosen = train_network(held, SHORT, tmp_path / "one", 3, progress=lambda _e, _l, loss: losses.append(loss))
    said = np.log(chosen.predict([patients.crops[index] for index in held.validation]))
    assert None not in losses
    assert len(losses) == SHORT.epochs
    # The crops are of noise and mirror images differ a little: the loss of the chosen weights is nearest to the least.
    loss = -float(np.mean([row[kind] for row, kind in zip(said, patients.truth[:4], strict=True)]))
    known = [value for value in losses if value is not None]
    assert abs(loss - min(known)) <= min(abs(loss - value) for value in known) + 0.05
    blank = [replace(crop, data=crop.data * 0) if index < 4 else crop for index, crop in enumerate(patients.crops)]
    last = replace(SHORT, epochs=1)  # of one epoch the weights are the last whatever the validation says
    one, other = (
        train_network(replace(held, crops=crops), last, tmp_path / name, 3)
        for name, crops in (("two", patients.crops), ("three", blank))
    )
    assert same(one, other)


def batch(crops: Sequence[Crop]) -> tuple[torch.Tensor, torch.Tensor]:
    data = torch.from_numpy(np.stack([crop.data for crop in crops]))
    return data, torch.tensor([crop.present for crop in crops])


def test_any_image_but_the_first_is_hidden_as_a_whole_now_and_then() -> None:
    data, present = batch([made_crop(number) for number in range(200)])
    seen = augmented(data, present, TINY.crop.spacing, 0.3, torch.Generator().manual_seed(0))
    assert seen[:, 0].flatten(1).any(dim=1).all()
    hidden = ~seen[:, 1].flatten(1).any(dim=1)
    assert 40 <= int(hidden.sum()) <= 80  # of 200, 60 to be expected: three standard deviations
    assert seen[:, 2:].flatten(1).any(dim=1).all()
    all_there = augmented(data, present, TINY.crop.spacing, 0.0, torch.Generator().manual_seed(0))
    assert all_there[:, 1].flatten(1).any(dim=1).all()


def test_an_image_that_is_not_there_stays_away() -> None:
    data, present = batch([made_crop(number, present=(number % 2 == 0, True)) for number in range(20)])
    seen = augmented(data, present, TINY.crop.spacing, 0.0, torch.Generator().manual_seed(0))
    assert seen[::2, 0].flatten(1).any(dim=1).all()
    assert not seen[1::2, 0].any()


def test_augmentation_moves_mask_and_image_alike_and_a_little() -> None:
    data, present = batch([made_crop(number, place=32) for number in range(50)])
    data[:, 0] = data[:, -2]
    seen = augmented(data, present, TINY.crop.spacing, 0.0, torch.Generator().manual_seed(0))
    image, lesion, cord = seen[:, 0].flatten(1), seen[:, -2].flatten(1), seen[:, -1].flatten(1)
    together = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(image, lesion, strict=True)])
    assert float(together.min()) > 0.9  # noise and gain apart
    share = lesion.sum(dim=1) / data[:, -2].flatten(1).sum(dim=1)
    assert 0.7 < float(share.min()) < float(share.max()) < 1.4
    assert bool(((lesion <= cord + 1e-3).float().mean(dim=1) > 0.97).all())
    assert not torch.equal(seen, data)


def test_a_network_of_three_dimensions_is_trained_alike(tmp_path: Path) -> None:
    solid = replace(SHORT, dimensions=3, crop=CropSettings(size=(16, 16, 16)), epochs=1)
    patients = made_patients(4, 0, solid.crop)
    said = train_network(patients, solid, tmp_path, 0).predict(patients.crops)
    np.testing.assert_allclose(said.sum(axis=1), 1)


def test_what_nothing_can_be_learned_from_is_refused(tmp_path: Path) -> None:
    patients = made_patients(4, 0, SHORT.crop)
    one_kind = replace(patients, truth=[1, 1, 1, 1])
    held = replace(patients, validation=[0, 2])
    for wrong, words in (
        (one_kind, "found 4 patients of spotted"),
        (held, "found 2 patients of spotted"),
        (replace(patients, crops=[], truth=[]), "found 0 patients of none"),
        (replace(patients, truth=[0, 1]), "for each of 4 crops"),
        (replace(patients, truth=[0, 1, 2, 0]), "0 to 1"),
        (replace(patients, validation=[4]), "validation"),
        (replace(patients, crops=[*patients.crops[:3], made_crop(0)]), "crop 3"),
    ):
        with pytest.raises(DataRefusedError, match=words):
            train_network(wrong, SHORT, tmp_path, 0)
    with pytest.raises(DataRefusedError, match="diverged"):
        train_network(patients, replace(SHORT, rate=1e30), tmp_path, 0)
    for settings in (replace(SHORT, dimensions=4), replace(SHORT, crop=CropSettings(size=(3, 8, 64)))):
        with pytest.raises(UsageError, match="was needed, found"):
            train_network(patients, settings, tmp_path, 0)
