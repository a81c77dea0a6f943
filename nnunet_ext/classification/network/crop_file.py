"""Crops on the disk, so that images are read once."""

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from nnunet_ext.classification.network.crop import MASKS, Crop
from nnunet_ext.classification.network.settings import NetworkSettings, parse_settings
from nnunet_ext.core.atomic import atomic_path
from nnunet_ext.core.errors import FileRefusedError

_NEEDED = "a crop that this version has written was needed"
_CURE = "delete it, and it is cut again"


def write_crop(path: Path, crop: Crop) -> None:
    """Write a crop as `.npz`, atomically."""
    said = {
        "channels": crop.channels,
        "present": crop.present,
        "network": NetworkSettings(crop=crop.settings).content(),
    }
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, data=crop.data, affine=crop.affine, said=np.array(json.dumps(said)))


def read_crop(path: Path) -> Crop:
    """Read a crop.

    Raises
    ------
    FileRefusedError
        Where it is damaged, or no crop. Nothing in it is run.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            data, affine, said = content["data"], content["affine"], json.loads(str(content["said"]))
        crop = Crop(
            data,
            tuple(str(name) for name in said["channels"]),
            tuple(bool(there) for there in said["present"]),
            affine,
            parse_settings(said["network"]).crop,
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileRefusedError(path, f"{_NEEDED}, found {type(error).__name__}: {error!s:.200}; {_CURE}") from error
    shape = (len(crop.channels) + MASKS, *crop.settings.size)
    if data.shape != shape or data.dtype != np.float32 or affine.shape != (4, 4):
        raise FileRefusedError(path, f"{_NEEDED}, found {data.dtype} of shape {data.shape}, not {shape}; {_CURE}")
    if len(crop.present) != len(crop.channels) or not (np.isfinite(data).all() and np.isfinite(affine).all()):
        raise FileRefusedError(path, f"{_NEEDED}, found numbers that are not finite, or other channels; {_CURE}")
    return crop
