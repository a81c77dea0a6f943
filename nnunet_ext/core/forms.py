"""Where a file's header says that its voxels lie, word for word."""

from dataclasses import dataclass
from typing import Final

import nibabel as nib
import numpy as np

_FIELDS: Final = (
    "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z",
    "srow_x", "srow_y", "srow_z", "xyzt_units",
)  # fmt: skip
_SIZES: Final = 4  # pixdim[0] is the q-form's handedness, the next three are voxel sizes


@dataclass(frozen=True)
class Forms:
    """q-form, s-form, their codes, voxel sizes and units of a header, as they stand there.

    A mask that is written beside its image takes them over bit by bit: viewers on ITK read an image by its q-form,
    others by its s-form, and where these differ, image and mask must differ alike.

    Parameters
    ----------
    pixdim
        The first four numbers of the field.
    fields
        Name and content of the others; rows of the s-form have four numbers.
    """

    pixdim: tuple[float, ...]
    fields: tuple[tuple[str, tuple[float, ...]], ...]

    @classmethod
    def of(cls, header: nib.Nifti1Header) -> "Forms":
        """Take them from a header of NIfTI-1 or NIfTI-2."""
        fields = tuple((name, tuple(np.atleast_1d(header[name]).tolist())) for name in _FIELDS)
        return cls(tuple(header["pixdim"][:_SIZES].tolist()), fields)

    def put(self, header: nib.Nifti1Header) -> None:
        """Set them in a header of NIfTI-1; what a header of NIfTI-2 held in 64 bits is rounded to 32."""
        with np.errstate(over="ignore"):
            header["pixdim"][:_SIZES] = self.pixdim
            for name, content in self.fields:
                kind = header[name].dtype
                header[name] = np.asarray(content).astype(kind).reshape(header[name].shape)
