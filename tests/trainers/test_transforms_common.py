import copy
import pickle
from typing import Any

import pytest
import torch

from nnunet_ext.trainers.transforms.border_erosion_dilation import BorderErosionDilation
from nnunet_ext.trainers.transforms.dark_level import dark_level
from tests.trainers.transform_samples import cord, image_transforms, seeded

SHAPES = ((8, 32, 24), (32, 24))
NAMES = tuple(image_transforms(SHAPES[0]))


@pytest.fixture(params=SHAPES, ids=("3d", "2d"))
def shape(request: pytest.FixtureRequest) -> tuple[int, ...]:
    chosen: tuple[int, ...] = request.param
    return chosen


def patch(shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return {"image": torch.randn((2, *shape), generator=generator), "segmentation": cord(shape)}


@pytest.mark.parametrize("name", NAMES)
def test_a_transform_of_images_changes_them_and_nothing_else(name: str, shape: tuple[int, ...]) -> None:
    before = patch(shape)
    after = seeded(image_transforms(shape)[name], 1, **before)
    assert set(after) == {"image", "segmentation"}
    assert (after["image"].shape, after["image"].dtype) == (before["image"].shape, torch.float32)
    assert torch.isfinite(after["image"]).all()
    assert not torch.equal(after["image"], before["image"])
    assert torch.equal(after["segmentation"], before["segmentation"])


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seeds_give_the_same_image_and_others_another(name: str, shape: tuple[int, ...]) -> None:
    transform, data = image_transforms(shape)[name], patch(shape)
    first, again = (seeded(transform, 7, **data)["image"] for _ in range(2))
    others = [seeded(transform, seed, **data)["image"] for seed in range(8)]
    assert torch.equal(first, again)
    assert any(not torch.equal(first, other) for other in others)


@pytest.mark.parametrize("name", [*NAMES, "BorderErosionDilation"])
def test_all_chance_is_in_the_parameters(name: str, shape: tuple[int, ...]) -> None:
    transform = every_transform(shape)[name]
    data = patch(shape)
    torch.manual_seed(2)
    parameters = transform.get_parameters(**data)
    state = torch.get_rng_state()
    results = [transform.apply(copy.deepcopy(data), **parameters) for _ in range(2)]
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(results[0][key], results[1][key]) for key in data)


@pytest.mark.parametrize("name", [*NAMES, "BorderErosionDilation"])
def test_a_transform_comes_back_from_a_pickle(name: str, shape: tuple[int, ...]) -> None:
    transform, data = every_transform(shape)[name], patch(shape)
    restored = pickle.loads(pickle.dumps(transform))  # noqa: S301 - made in the line itself
    first, second = seeded(transform, 4, **data), seeded(restored, 4, **data)
    assert all(torch.equal(first[key], second[key]) for key in data)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_of_one_value_stays_finite(name: str, shape: tuple[int, ...]) -> None:
    data = {"image": torch.full((2, *shape), -0.5), "segmentation": torch.zeros((1, *shape), dtype=torch.int16)}
    assert torch.isfinite(seeded(image_transforms(shape)[name], 1, **data)["image"]).all()


def test_the_dark_level_is_that_of_air_and_not_of_an_overshoot() -> None:
    channel = torch.full((10, 20, 20), 1.5)
    channel[:1] = -1.0
    channel[0, 0, :5] = -9.0
    assert dark_level(channel) == -1.0


def every_transform(shape: tuple[int, ...]) -> dict[str, Any]:
    border = BorderErosionDilation(2, 1, range(len(shape)), 1.0)
    return {**image_transforms(shape), "BorderErosionDilation": border}
