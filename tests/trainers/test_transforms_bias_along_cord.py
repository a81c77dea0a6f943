import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.trainers.transforms.bias_along_cord import BiasAlongCord
from tests.strategies import SEEDS
from tests.trainers.transform_samples import AIR, seeded, tissue

SHAPE = (6, 40, 20)
ALONG = 1
strengths = st.floats(0.05, 2.0)


def gain(strength: float, seed: int) -> torch.Tensor:
    """What the signal of each tissue voxel was multiplied by."""
    image = tissue(SHAPE)
    biased = seeded(BiasAlongCord(ALONG, (strength, strength)), seed, image=image)["image"]
    factor: torch.Tensor = ((biased - AIR) / (image - AIR))[0, :, :, 4:]
    return factor


@given(strengths, SEEDS)
def test_the_field_is_positive_and_as_strong_as_asked_along_the_cord(strength: float, seed: int) -> None:
    field = gain(strength, seed)
    assert float(field.min()) > 0
    along = field.mean(dim=(0, 2))
    assert float(along.max() / along.min()) == pytest.approx(math.exp(strength), rel=1e-3)


@given(strengths, SEEDS)
def test_across_the_cord_the_field_falls_at_most_half_as_much(strength: float, seed: int) -> None:
    field = gain(strength, seed)
    for axis in (0, 2):
        ratio = field.amax(dim=axis) / field.amin(dim=axis)
        assert float(ratio.max()) <= math.exp(strength / 2) * 1.001


@given(strengths, SEEDS)
def test_the_signal_falls_monotonically_away_from_the_coil(strength: float, seed: int) -> None:
    steps = gain(strength, seed).mean(dim=(0, 2)).diff()
    rising = (steps > 1e-6).nonzero().flatten().tolist()
    falling = (steps < -1e-6).nonzero().flatten().tolist()
    assert not rising or not falling or max(rising) < min(falling)


@given(strengths, SEEDS)
def test_the_mean_stays(strength: float, seed: int) -> None:
    image = torch.randn((2, *SHAPE), generator=torch.Generator().manual_seed(seed))
    biased = seeded(BiasAlongCord(ALONG, (strength, strength)), seed, image=image)["image"]
    torch.testing.assert_close(biased.mean(dim=(1, 2, 3)), image.mean(dim=(1, 2, 3)), rtol=0, atol=1e-4)


def test_air_stays_dark() -> None:
    biased = seeded(BiasAlongCord(ALONG, (1.0, 1.0)), 1, image=tissue(SHAPE))["image"]
    torch.testing.assert_close(biased[..., :4], torch.full_like(biased[..., :4], AIR))


def test_some_coils_end_within_the_patch_and_some_lie_beyond_it() -> None:
    ends = [gain(1.0, seed).mean(dim=(0, 2)).argmax().item() for seed in range(40)]
    outside = sum(end in (0, SHAPE[ALONG] - 1) for end in ends)
    assert 8 <= outside <= 32
