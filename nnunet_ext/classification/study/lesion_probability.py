"""The image of a lesion's probability that `predict --save_probabilities` writes beside its mask."""

from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.grid import on_grid
from nnunet_ext.core.names import strip_ending
from nnunet_ext.core.nifti_read import read_volume
from nnunet_ext.core.volume import Array, Volume

_MASKS: Final = ("_mask", "_seg")
_PROBABILITY: Final = "_probseg.nii.gz"


def probability_file(mask: Path) -> Path | None:
    """Name the image of probabilities beside a mask; None where there is none."""
    stem = strip_ending(mask.name)
    for ending in _MASKS:
        file = mask.with_name(stem.removesuffix(ending) + _PROBABILITY)
        if stem.endswith(ending) and file.is_file():
            return file
    return None


def read_probability(file: Path, lesion: Volume) -> Array:
    """Read it onto the mask's grid.

    Raises
    ------
    FileRefusedError
        Where it is damaged, of another grid, or holds other numbers than 0 to 1.
    """
    read, _ = on_grid(read_volume(file), lesion, file, "lesion mask")
    values: Array = read.data
    if not ((values >= 0) & (values <= 1)).all():  # NaN is refused, too
        raise FileRefusedError(
            file, "probabilities from 0 to 1 were needed, found others; run nnunet_ext predict again"
        )
    return values.astype(np.float32)
