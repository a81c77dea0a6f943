"""Cut-outs of an image for a page: grey values of a byte, and nothing else of the file."""

import gzip
from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt

from nnunet_ext.core.volume import Affine, Array

_WINDOW_PERCENTILES: Final = (0.5, 99.8)
_GREYS: Final = 255


def grey(data: Array) -> npt.NDArray[np.uint8]:
    """Scale to 0 to 255 between the 0.5th and the 99.8th percentile."""
    low, high = np.percentile(data, _WINDOW_PERCENTILES)
    scaled = (data.astype(np.float32) - low) / (high - low if high > low else 1)
    grey: npt.NDArray[np.uint8] = np.rint(np.clip(scaled, 0, 1) * _GREYS).astype(np.uint8)
    return grey


def cut_affine(affine: Affine, box: tuple[slice, ...]) -> Affine:
    """Give the affine of a box of voxels."""
    cut = affine.copy()
    cut[:3, 3] = (affine @ [*(part.start for part in box), 1.0])[:3]
    return cut


def packed_nifti(data: Array, affine: Affine, *, labels: bool = False) -> bytes:
    """Give a gzipped NIfTI file whose header is made from nothing: no text of a source file travels along."""
    image = nib.Nifti1Image(np.asarray(data, dtype=np.uint8), affine)
    image.header.set_xyzt_units("mm")
    if labels:
        image.header.set_intent("label")  # so that the viewer draws whole voxels, and outlines on request
    return gzip.compress(image.to_bytes(), compresslevel=9, mtime=0)
