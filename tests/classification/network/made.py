"""Crops and settings that a network learns in seconds."""

import numpy as np

from nnunet_ext.classification.network.crop import Crop
from nnunet_ext.classification.network.labelled import LabelledCrops
from nnunet_ext.classification.network.settings import CropSettings, NetworkSettings

TINY_CROP = CropSettings(size=(3, 16, 32), spacing=(3.0, 1.0, 2.0))
TINY = NetworkSettings(crop=TINY_CROP, first_features=8, growth=8, blocks=(2, 2, 2), epochs=12, batch=8, rate=5e-3)
CHANNELS = ("T2w", "T1w")
DIAGNOSES = ("above", "below")


def made_crop(
    seed: int, below: int = 0, settings: CropSettings = TINY_CROP, present: tuple[bool, ...] = (True, True)
) -> Crop:
    """Make a crop of noise in whose first image a bright spot lies above the middle, or below it."""
    rng = np.random.default_rng(seed)
    data = np.zeros((len(present) + 2, *settings.size), dtype=np.float32)
    data[: len(present)] = rng.normal(scale=0.5, size=(len(present), *settings.size))
    data[: len(present)] *= np.array(present)[:, None, None, None]
    y, z = settings.size[1] // 2, settings.size[2] // 4 + below * settings.size[2] // 2
    z = settings.size[2] - z + int(rng.integers(-1, 2))
    data[0, :, y - 2 : y + 2, z - 3 : z + 3] += 4.0
    data[-2, :, y - 3 : y + 3, 8:-8] = 1
    data[-1, :, y - 5 : y + 5] = 1
    return Crop(data, CHANNELS[: len(present)], present, np.eye(4), settings)


def made_patients(count: int = 24, seed: int = 0, settings: CropSettings = TINY_CROP) -> LabelledCrops:
    truth = [number % 2 for number in range(count)]
    crops = [made_crop(seed + number, below, settings) for number, below in enumerate(truth)]
    return LabelledCrops(crops, truth, DIAGNOSES)
