"""An image for the page: an uncompressed NIfTI file, slice by slice, with nothing of its own file's header."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt

from nnunet_ext.core.nifti_header import DATA_OFFSET, bare_header
from nnunet_ext.core.volume import Array, Volume

_AS_IT_IS: Final = (np.dtype(np.uint8), np.dtype(np.int16))
_INT16: Final = np.iinfo(np.int16)


@dataclass(frozen=True, eq=False)
class ImageFile:
    """The file.

    Parameters
    ----------
    image
        Of any type. Whole numbers that 16 bits hold stay what they are; all others are scaled to them.
    dtype
        As it is stored: uint8 or int16.
    slope, intercept
        Value of a voxel is `slope * stored + intercept`.
    """

    image: Volume
    dtype: npt.DTypeLike
    slope: float = 1.0
    intercept: float = 0.0

    @classmethod
    def of(cls, image: Volume) -> "ImageFile":
        """Choose how an image is stored."""
        if image.data.dtype in _AS_IT_IS:
            return cls(image, image.data.dtype)
        lowest, highest = (float(value) for value in (image.data.min(), image.data.max()))
        if image.data.dtype.kind in "iu" and lowest >= _INT16.min and highest <= _INT16.max:
            return cls(image, np.int16)
        slope = highest / _INT16.max - lowest / _INT16.max  # of twice as many steps, and never infinite
        return cls(image, np.int16, _stored(slope / 2) or 1.0, _stored(highest / 2 + lowest / 2))

    @property
    def size(self) -> int:
        """In bytes."""
        return DATA_OFFSET + int(self.image.data.size) * np.dtype(self.dtype).itemsize

    def pieces(self) -> Iterator[bytes]:
        """Give its bytes: no second copy of the image is ever held."""
        yield self._header()
        for index in range(self.image.data.shape[2]):
            yield self._stored(self.image.data[..., index]).tobytes(order="F")

    def _header(self) -> bytes:
        header = bare_header(self.image.data.shape, self.dtype, self.image.affine)
        header["scl_slope"], header["scl_inter"] = self.slope, self.intercept
        little: nib.Nifti1Header = header.as_byteswapped("<")
        return bytes(little.binaryblock).ljust(DATA_OFFSET, b"\0")

    def _stored(self, values: Array) -> Array:
        if (self.slope, self.intercept) != (1.0, 0.0):
            steps = np.rint((values.astype(np.float64) - self.intercept) / self.slope)
            values = steps.clip(_INT16.min, _INT16.max)
        return values.astype(np.dtype(self.dtype).newbyteorder("<"), copy=False)


def _stored(number: float) -> float:
    """Give a number as a header of 32 bits holds it, by which whoever reads it computes."""
    return float(np.float32(number))
