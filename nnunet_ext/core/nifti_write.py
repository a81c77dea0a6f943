"""Writing images and masks atomically, with headers that hold geometry and nothing else."""

from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.atomic import atomic_path
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.forms import Forms
from nnunet_ext.core.nifti_header import DATA_OFFSET, bare_header
from nnunet_ext.core.nifti_stream import stream_pieces
from nnunet_ext.core.plain_gzip import write_gzip
from nnunet_ext.core.volume import Affine, Array

_STEPS: Final = 255


def write_image(path: Path, data: Array, affine: Affine, forms: Forms | None = None) -> None:
    """Write an image, its integers kept as integers.

    Parameters
    ----------
    path
        Ends in `.nii.gz` or `.nii`. Nothing stands there before the whole file does, verified.
    data
        Shape (i, j, k). Floats are stored as float32, 64-bit integers as int32 where they fit; no scaling.
    affine
        4 x 4, voxel to world in mm. q-form and s-form are both set to it; where it holds a shear, which no q-form can
        say, the q-form is marked as unknown.
    forms
        Of the image that this is written beside, on its very grid: they are then taken over bit by bit instead.

    Raises
    ------
    DataRefusedError
        Other than three dimensions, voxels that are not finite, or integers beyond 32 bits.
    """
    if data.dtype.kind == "f":
        data = data.astype(np.float32, copy=False)
        if not np.isfinite(data).all():
            raise DataRefusedError(f"{path}: not written: the image holds voxels that are NaN or infinite")
    elif data.dtype.itemsize > 4:
        if np.abs(data.astype(np.float64)).max(initial=0) >= 2**31:
            raise DataRefusedError(f"{path}: not written: integers beyond 32 bits")
        data = data.astype(np.int32)
    elif data.dtype.kind == "b":
        data = data.astype(np.uint8)
    _write(path, data, affine, forms)


def write_mask(path: Path, data: Array, affine: Affine, forms: Forms | None = None) -> None:
    """Write a mask or label map as uint8; an empty one is written like any other.

    Parameters
    ----------
    path, affine, forms
        As for `write_image`.
    data
        Shape (i, j, k), whole numbers from 0 to 255 of any type.

    Raises
    ------
    DataRefusedError
        Values that uint8 cannot hold exactly: they would wrap or be scaled.
    """
    labels = data.astype(np.uint8, copy=False)
    if not np.array_equal(labels, data):
        raise DataRefusedError(
            f"{path}: not written: a mask holds whole numbers from 0 to 255, found {data.dtype} "
            f"from {data.min()} to {data.max()}"
        )
    _write(path, labels, affine, forms)


def write_probability(path: Path, data: Array, affine: Affine, forms: Forms | None = None) -> None:
    """Write probabilities in steps of 1/255: uint8 with that slope, so that readers see 0 to 1.

    Parameters
    ----------
    path, affine, forms
        As for `write_image`.
    data
        Shape (i, j, k), from 0 to 1; what rounding leaves outside is cut.
    """
    steps = np.clip(np.rint(data * np.float32(_STEPS)), 0, _STEPS).astype(np.uint8)
    _write(path, steps, affine, forms, 1 / _STEPS)


def _write(path: Path, data: Array, affine: Affine, forms: Forms | None, slope: float = 1) -> None:
    if data.ndim != 3:
        raise DataRefusedError(f"{path}: not written: a 3-D array was needed, found shape {data.shape}")
    content = _content(data, affine, forms, slope)

    def verify(written: Path) -> None:
        if not _holds(written, content):
            raise DataRefusedError(f"{path}: not written: what came back from the disk is not what was sent to it")

    with atomic_path(path, verify) as temporary, temporary.open("wb") as file:
        if path.name.endswith(".gz"):
            write_gzip(content, file)
        else:
            file.write(content)


def _content(data: Array, affine: Affine, forms: Forms | None, slope: float) -> bytearray:
    header = bare_header(data.shape, data.dtype, affine, forms)
    header["scl_slope"] = slope
    content = bytearray(DATA_OFFSET + data.nbytes)
    content[: header.sizeof_hdr] = header.binaryblock
    voxels = np.frombuffer(content, header.get_data_dtype(), offset=DATA_OFFSET)
    voxels.reshape(data.shape, order="F")[...] = data
    return content


def _holds(written: Path, content: bytearray) -> bool:
    """Compare piece by piece: the file is not held a second time."""
    compared = 0
    for piece in stream_pieces(written):
        if content[compared : compared + len(piece)] != piece:
            return False
        compared += len(piece)
    return compared == len(content)
