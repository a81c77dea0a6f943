import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.trainers.transforms.channel_dropout import ChannelDropout
from nnunet_ext.trainers.transforms.on_channels import OnChannels
from nnunet_ext.trainers.transforms.rician_noise import RicianNoise
from tests.strategies import SEEDS
from tests.trainers.transform_samples import seeded


def empty_channels(image: torch.Tensor) -> list[int]:
    return [number for number, channel in enumerate(image) if not channel.any()]


@given(st.integers(1, 4), SEEDS)
def test_exactly_one_channel_goes_and_never_the_only_one(channels: int, seed: int) -> None:
    image = torch.ones((channels, 4, 5, 6))
    dropped = seeded(ChannelDropout(1.0), seed, image=image)["image"]
    assert len(empty_channels(dropped)) == (1 if channels > 1 else 0)
    kept = [number for number in range(channels) if number not in empty_channels(dropped)]
    assert torch.equal(dropped[kept], image[kept])


def test_each_of_two_channels_goes_about_as_often_and_as_often_as_asked() -> None:
    image = torch.ones((2, 2, 2))
    gone = [empty_channels(seeded(ChannelDropout(0.5), seed, image=image)["image"]) for seed in range(400)]
    assert 60 < gone.count([0]) < 140
    assert 60 < gone.count([1]) < 140
    assert 150 < gone.count([]) < 250


def test_noise_can_stand_in_its_place() -> None:
    image = torch.full((2, 20, 20, 20), 5.0)
    dropped = seeded(ChannelDropout(1.0, "noise"), 0, image=image)["image"]
    (noise,) = [channel for channel in dropped if not torch.equal(channel, image[0])]
    assert float(noise.mean()) == pytest.approx(0.0, abs=0.1)
    assert float(noise.std()) == pytest.approx(1.0, abs=0.1)


def test_a_mask_among_the_channels_is_never_dropped() -> None:
    image = torch.ones((3, 4, 4))
    gone = [
        empty_channels(seeded(ChannelDropout(1.0, channels=[0, 2]), seed, image=image)["image"]) for seed in range(30)
    ]
    assert {channel for dropped in gone for channel in dropped} == {0, 2}


def test_a_mask_among_the_channels_gets_no_noise() -> None:
    image = torch.rand((3, 6, 8, 8))
    noisy = seeded(OnChannels(RicianNoise((0.2, 0.2)), [0, 2]), 1, image=image)["image"]
    assert torch.equal(noisy[1], image[1])
    assert not torch.equal(noisy[0], image[0])
    assert not torch.equal(noisy[2], image[2])
