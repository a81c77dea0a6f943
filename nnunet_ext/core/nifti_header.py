"""A NIfTI header that holds geometry and nothing else."""

from typing import Final

import nibabel as nib
import numpy as np
import numpy.typing as npt

from nnunet_ext.core.forms import Forms
from nnunet_ext.core.volume import Affine

DATA_OFFSET: Final = 352
"""Byte at which the voxels start, in a file of one such header and no extension."""

_SCANNER_SPACE: Final = 1
_FORM_TOLERANCE: Final = 1e-4


def bare_header(
    shape: tuple[int, ...], dtype: npt.DTypeLike, affine: Affine, forms: Forms | None = None
) -> nib.Nifti1Header:
    """Make a header from nothing, so that no text of another file's header can travel along.

    Parameters
    ----------
    shape
        Voxels along each axis.
    dtype
        Of the voxels, which are stored in this machine's byte order and are not scaled.
    affine
        4 x 4, voxel to world in mm. q-form and s-form are both set to it; where it holds a shear, which no q-form can
        say, the q-form is marked as unknown.
    forms
        Of an image on the same grid: they are then taken over bit by bit instead.
    """
    header = nib.Nifti1Header()
    header.set_data_dtype(np.dtype(dtype).newbyteorder("="))
    header.set_data_shape(shape)
    header.set_xyzt_units("mm")
    header.set_sform(affine, code=_SCANNER_SPACE)
    header.set_qform(affine, code=_SCANNER_SPACE)
    scale = max(1.0, float(np.abs(affine).max()))
    if not np.allclose(header.get_qform(), affine, atol=_FORM_TOLERANCE * scale, rtol=0):
        header["qform_code"] = 0
    if forms is not None:
        forms.put(header)
    header["scl_slope"], header["scl_inter"] = 1, 0
    header["vox_offset"] = DATA_OFFSET
    header["magic"] = b"n+1"
    return header
