"""Crops and settings that a network learns in seconds."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from nnunet_ext.classification.network.crop import Crop
from nnunet_ext.classification.network.labelled import LabelledCrops
from nnunet_ext.classification.network.network import Network
from nnunet_ext.classification.network.settings import CropSettings, NetworkSettings
from nnunet_ext.classification.network.train import train_network

TINY = NetworkSettings(
    crop=CropSettings(size=(3, 16, 64)), first_features=8, growth=8, blocks=(2, 2, 2), epochs=15, batch=8, rate=5e-3
)
CHANNELS = ("T2w", "T1w-gad")
DIAGNOSES = ("plain", "spotted")


def made_crop(
    seed: int, place: int | None = None, settings: CropSettings = TINY.crop, present: tuple[bool, ...] = (True, True)
) -> Crop:
    """Make a crop of noise; in the first image a bright spot lies at a place along the cord, if there is one."""
    rng = np.random.default_rng(seed)
    data = np.zeros((len(present) + 2, *settings.size), dtype=np.float32)
    noise = rng.normal(scale=0.5, size=(len(present), *settings.size))
    data[: len(present)] = noise * np.array(present)[:, None, None, None]
    y = settings.size[1] // 2
    if place is not None:
        data[0, :, y - 3 : y + 3, place - 4 : place + 4] += 4.0
    data[-2, :, y - 3 : y + 3, 8:-8] = 1
    data[-1, :, y - 5 : y + 5] = 1
    return Crop(data, CHANNELS[: len(present)], present, np.eye(4), settings)


def made_patients(count: int = 24, seed: int = 0, settings: CropSettings = TINY.crop) -> LabelledCrops:
    """Make patients of whom every other has a spot, above the middle or below it in turn."""
    truth = [number % 2 for number in range(count)]
    places = [None, settings.size[2] // 4, None, settings.size[2] * 3 // 4]
    crops = [made_crop(seed + number, places[number % 4], settings) for number in range(count)]
    return LabelledCrops(crops, truth, DIAGNOSES)


@cache
def trained() -> Network:
    """Train on made patients, once for all tests that only look at the network."""
    with TemporaryDirectory() as folder:
        return train_network(made_patients(), TINY, Path(folder), seed=0)
