from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.classification.network.grad_cam import grad_cam
from nnunet_ext.classification.network.settings import CropSettings
from nnunet_ext.classification.network.train import train_network
from tests.classification.network.made import TINY, made_crop, made_patients, trained

SPOTTED = 1


@pytest.mark.parametrize("place", [14, 24, 40, 50])
def test_the_map_lies_where_the_signal_is(place: int) -> None:
    maps = [grad_cam(trained(), made_crop(2000 + seed, place), SPOTTED) for seed in range(4)]
    for found in maps:
        assert found.shape == TINY.crop.size[1:]
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() == 1
    mean = np.mean(maps, axis=0)
    along = mean.sum(axis=0)
    near = along[place - 8 : place + 8]
    assert near.mean() > 2 * np.delete(along, np.s_[place - 8 : place + 8]).mean()


def test_the_map_is_the_same_for_the_mirror_image() -> None:
    crop = made_crop(7, 20)
    crop.data[:, 0] += 1.0
    mirrored = replace(crop, data=np.ascontiguousarray(crop.data[:, ::-1]))
    np.testing.assert_allclose(
        grad_cam(trained(), mirrored, SPOTTED), grad_cam(trained(), crop, SPOTTED), rtol=0, atol=1e-3
    )


def test_a_network_of_three_dimensions_has_a_map_too(tmp_path: Path) -> None:
    solid = replace(TINY, dimensions=3, crop=CropSettings(size=(16, 16, 32)), epochs=1)
    patients = made_patients(4, 0, solid.crop)
    found = grad_cam(train_network(patients, solid, tmp_path, 0), patients.crops[1], SPOTTED)
    assert found.shape == (16, 32)
    assert 0 <= found.min() <= found.max() <= 1
