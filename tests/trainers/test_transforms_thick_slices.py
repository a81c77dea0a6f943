import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.trainers.transforms.thick_slices import ThickSlices
from tests.strategies import SEEDS
from tests.trainers.transform_samples import seeded


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def roughness(image: torch.Tensor, axis: int) -> float:
    return float(image.diff(dim=axis).square().mean())


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("nearest", [0.0, 1.0])
def test_detail_is_lost_along_the_axis(axis: int, nearest: float) -> None:
    image = noise(1, 24, 24, 24)
    thick = seeded(ThickSlices({axis: (4.0, 4.0)}, nearest), 1, image=image)["image"]
    assert roughness(thick, axis + 1) < 0.25 * roughness(image, axis + 1)
    assert float(thick.var()) < 0.5 * float(image.var())


def test_what_varies_only_across_the_axis_stays() -> None:
    image = noise(1, 1, 16, 20).expand(1, 12, 16, 20).clone()
    thick = seeded(ThickSlices({0: (3.0, 3.0)}), 1, image=image)["image"]
    torch.testing.assert_close(thick, image, rtol=0, atol=1e-5)


def test_thicker_slices_lose_more() -> None:
    image = noise(1, 48, 16, 16)
    variances = [float(seeded(ThickSlices({0: (f, f)}, 0.0), 1, image=image)["image"].var()) for f in (1.5, 3, 6, 12)]
    assert variances == sorted(variances, reverse=True)


def test_the_nearest_slice_gives_steps_as_long_as_slices_are_thick() -> None:
    thick = seeded(ThickSlices({0: (5.0, 5.0)}, 1.0), 1, image=noise(1, 40, 8, 8))["image"][0]
    steps = np.flatnonzero((thick.diff(dim=0).abs() > 1e-6).any(dim=2).any(dim=1))
    assert set(np.diff(steps)) == {5}


@given(st.integers(1, 40), st.floats(1.0, 30.0), st.sampled_from([0.0, 1.0]), SEEDS)
def test_no_value_leaves_the_range_of_the_image(size: int, thickness: float, nearest: float, seed: int) -> None:
    image = noise(1, size, 6)
    thick = seeded(ThickSlices({0: (thickness, thickness)}, nearest), seed, image=image)["image"]
    assert float(thick.max()) <= float(image.max()) + 1e-5
    assert float(thick.min()) >= float(image.min()) - 1e-5


def test_each_channel_draws_its_own_axis_and_thickness() -> None:
    transform = ThickSlices({0: (1.5, 3.0), 1: (1.5, 3.0)})
    torch.manual_seed(0)
    drawn = [transform.get_parameters(image=noise(2, 24, 24))["slices"] for _ in range(20)]
    assert {slices.axis for pair in drawn for slices in pair} == {0, 1}
    assert all(pair[0].thickness != pair[1].thickness for pair in drawn)


def test_at_least_four_slices_are_left_of_a_short_patch() -> None:
    (slices,) = ThickSlices({0: (9.0, 9.0)}).get_parameters(image=noise(1, 12, 24))["slices"]
    assert slices.thickness == 3.0
