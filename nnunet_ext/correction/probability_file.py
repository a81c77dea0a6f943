"""The probability of a region for the page: a byte a voxel."""

from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.mask import refuse_no_probability
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.volume import Volume

_MOST: Final = 255


def probability_bytes(path: Path, image: Volume) -> bytearray:
    """Read a probability and give it as bytes from 0 to 255, the first axis of the image's file fastest.

    Raises
    ------
    FileRefusedError
        Where it is damaged, lies on another grid than the image, or holds values below 0 or above 1.
    """
    placed, _ = on_grid(read_volume(path), image, path, "image")
    values = placed.data
    refuse_no_probability(path, values)
    content = bytearray(values.size)
    stored = np.frombuffer(content, np.uint8).reshape(values.shape, order="F")
    for index in range(values.shape[2]):
        stored[..., index] = np.rint(np.clip(values[..., index].astype(np.float64), 0, 1) * _MOST)
    return content
