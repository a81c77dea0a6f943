import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.trainers.transforms.ghosting import Ghosting
from tests.strategies import SEEDS
from tests.trainers.transform_samples import seeded

SIZE, PLACE = 120, 37


def bright_line(axis: int) -> torch.Tensor:
    image = torch.zeros(1, SIZE, SIZE)
    image.select(axis + 1, PLACE).fill_(100.0)
    return image


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("period", [2, 3, 4, 6])
def test_ghosts_lie_one_period_apart_and_are_as_bright_as_asked(axis: int, period: int) -> None:
    ghosted = seeded(Ghosting([axis], (period, period), (0.1, 0.1)), period, image=bright_line(axis))["image"][0]
    profile = ghosted.mean(dim=1 - axis)
    ghosts = {(PLACE + number * SIZE // period) % SIZE for number in range(1, period)}
    assert {place for place, value in enumerate(profile.tolist()) if value > 5.0} == ghosts | {PLACE}
    assert [float(profile[place]) for place in ghosts] == pytest.approx([10.0] * len(ghosts), rel=0.1)
    assert float(profile[PLACE]) == pytest.approx(100.0, rel=0.15)


def test_across_the_phase_axis_nothing_moves() -> None:
    image = torch.zeros(1, SIZE, SIZE)
    image[0, 10:20, PLACE] = 100.0
    ghosted = seeded(Ghosting([0], (4, 4), (0.2, 0.2)), 0, image=image)["image"]
    columns = (ghosted[0] > 1e-3).any(dim=0)
    assert columns.nonzero().flatten().tolist() == [PLACE]


@given(st.floats(0.0, 0.3), st.integers(2, 8), SEEDS)
def test_the_mean_hardly_changes_and_no_voxel_is_darker_than_air(strength: float, period: int, seed: int) -> None:
    image = torch.rand((1, 32, 24), generator=torch.Generator().manual_seed(seed))
    ghosted = seeded(Ghosting([0, 1], (period, period), (strength, strength)), seed, image=image)["image"]
    assert float(ghosted.min()) >= float(image.min())
    assert float(ghosted.mean()) == pytest.approx(float(image.mean()), rel=0.25)


def test_a_strength_of_zero_changes_nothing() -> None:
    image = torch.rand((1, 32, 24)) + 1
    image[0, 0] = 0.0
    ghosted = seeded(Ghosting([0], (2, 5), (0.0, 0.0)), 1, image=image)["image"]
    torch.testing.assert_close(ghosted, image, rtol=0, atol=1e-5)


def test_each_channel_moves_on_its_own() -> None:
    transform = Ghosting([0, 1], (2, 6), (0.05, 0.2))
    torch.manual_seed(0)
    drawn = [transform.get_parameters(image=torch.zeros(2, 8, 8))["combs"] for _ in range(30)]
    assert {comb.axis for combs in drawn for comb in combs} == {0, 1}
    assert {comb.period for combs in drawn for comb in combs} == {2, 3, 4, 5, 6}
    assert all(combs[0].weight != combs[1].weight for combs in drawn)
