import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.trainers.transforms.rician_noise import RicianNoise
from tests.strategies import SEEDS
from tests.trainers.transform_samples import AIR, seeded, tissue

SHAPE = (16, 64, 64)


@pytest.mark.parametrize("sigma", [0.1, 0.3])
def test_tissue_gets_gaussian_noise_and_air_a_rayleigh_floor(sigma: float) -> None:
    noisy = seeded(RicianNoise((sigma, sigma)), 0, image=tissue(SHAPE))["image"][0]
    bright, air = noisy[:, :, 4:] - AIR, noisy[:, :, :4] - AIR
    # Far above the noise a Rician is a Gaussian; without signal it is a Rayleigh distribution.
    assert float(bright.std()) == pytest.approx(sigma, rel=0.05)
    assert float(bright.mean()) == pytest.approx(3.0 + sigma**2 / (2 * 3.0), rel=0.01)
    assert float(air.mean()) == pytest.approx(sigma * math.sqrt(math.pi / 2), rel=0.05)
    assert float(air.std()) == pytest.approx(sigma * math.sqrt(2 - math.pi / 2), rel=0.08)


@given(st.floats(0.0, 1.0), SEEDS)
def test_no_voxel_is_darker_than_air(sigma: float, seed: int) -> None:
    noisy = seeded(RicianNoise((sigma, sigma)), seed, image=tissue((8, 12, 12)))["image"]
    assert float(noisy.min()) >= AIR


def test_levels_follow_the_range_and_differ_between_channels() -> None:
    noisy = [seeded(RicianNoise((0.1, 0.4)), seed, image=tissue(SHAPE, 5.0, 2))["image"] for seed in range(12)]
    levels = torch.stack([image[..., 4:].std(dim=(1, 2, 3)) for image in noisy])
    assert 0.09 < float(levels.min()) < 0.2
    assert 0.3 < float(levels.max()) < 0.41
    assert (levels[:, 0] - levels[:, 1]).abs().max() > 0.05


def test_channels_do_not_share_their_noise() -> None:
    noise = RicianNoise((0.2, 0.2)).get_parameters(image=tissue(SHAPE, channels=2))["noise"]
    parts = noise.reshape(4, -1)
    correlations = torch.corrcoef(parts) - torch.eye(4)
    assert float(correlations.abs().max()) < 0.05
