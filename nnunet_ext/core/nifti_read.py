"""Reading images and masks so that nothing damaged, mis-placed or wrongly scaled is used in silence."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Final

import nibabel as nib
import numpy as np

from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.forms import Forms
from nnunet_ext.core.nifti_place import place_of
from nnunet_ext.core.nifti_stream import data_offset, header_of, misnamed, read_stream
from nnunet_ext.core.volume import Array, Volume

WHOLE_WITHIN: Final = 1e-4
"""So near to a whole number is one: 255 times a slope such as 1/255, which 32 bits cannot hold exactly."""

_LARGEST_LABEL: Final = 255  # labels are written as uint8
_VALUES_SHOWN: Final = 6


def read_volume(path: Path) -> Volume:
    """Read an image whose every byte was checked.

    Parameters
    ----------
    path
        A `.nii` or `.nii.gz` with three dimensions (trailing ones of size 1 are dropped).

    Returns
    -------
    Volume
        Data in the file's own axes: integers stay integers where the header does not scale them, the rest is float32.

    Raises
    ------
    FileRefusedError
        For what `read_stream` and `place_of` refuse, and for other than three dimensions, colour or complex voxels, a
        scaling that cannot be computed, and voxels that are not finite.
    """
    volume = _read(path, float_type=np.float32)
    _refuse_non_finite(path, volume.data)
    return volume


def read_mask(path: Path) -> Volume:
    """Read a mask or label map whose values are whole numbers from 0 to 255.

    Returns
    -------
    Volume
        Data as uint8, in the file's own axes. An empty mask is a mask: all zero.

    Raises
    ------
    FileRefusedError
        For what `read_volume` refuses, and for values that are not whole, are negative or above 255. They are never
        rounded, but for the last digits of a header's scaling: a fraction is a soft mask, or a file that was scaled by
        mistake.
    """
    volume = _read(path, float_type=np.float64)
    _refuse_non_finite(path, volume.data)
    return whole_numbers(path, volume)


def whole_numbers(path: Path, volume: Volume, advice: str = "") -> Volume:
    """Take a volume's values as those of a mask or label map, as `read_mask` does.

    Raises
    ------
    FileRefusedError
        Ending with `advice`.
    """
    data = volume.data
    if data.dtype.kind == "f":
        whole = np.rint(data)
        if (fraction := np.abs(data - whole) > WHOLE_WITHIN).any():
            found = f"a mask holds whole numbers and this one holds {_some_values(data[fraction])}"
            raise FileRefusedError(path, f"{found}: scaled wrongly, or soft (set a threshold){advice}")
        data = whole
    if data.min() < 0 or data.max() > _LARGEST_LABEL:
        shown = _some_values(data[(data < 0) | (data > _LARGEST_LABEL)])
        raise FileRefusedError(
            path, f"a mask holds values from 0 to {_LARGEST_LABEL} and this one holds {shown}{advice}"
        )
    return replace(volume, data=data.astype(np.uint8, copy=False))


def _read(path: Path, float_type: type[np.floating]) -> Volume:
    digest = hashlib.sha256()
    content = read_stream(path, digest.update)
    header = header_of(path, content)
    shape = _three_dimensions(path, header)
    affine, notes = place_of(path, header)
    stored_type = header.get_data_dtype()
    if stored_type.fields is not None or stored_type.kind == "c":
        raise FileRefusedError(path, f"one number a voxel was needed, found {stored_type}: a colour or complex image")
    stored = np.frombuffer(content, stored_type, offset=data_offset(path, header)).reshape(shape, order="F")
    data = _scaled(path, stored, header, float_type)
    return Volume(data, affine, (*misnamed(path), *notes), digest.hexdigest(), Forms.of(header))


def _scaled(path: Path, stored: Array, header: nib.Nifti1Header, float_type: type[np.floating]) -> Array:
    """Give the voxels in this machine's byte order, and a copy of them only where they have to change."""
    slope, intercept = _scaling(path, header)
    with np.errstate(over="ignore", invalid="ignore"):  # what 32 bits cannot hold becomes infinite, and is refused
        if (slope, intercept) != (1.0, 0.0):
            scaled = np.empty(stored.shape, dtype=float_type, order="F")
            for index in range(stored.shape[2]):  # 64 bits, where a large intercept cancels, for one slice at a time
                scaled[..., index] = stored[..., index].astype(np.float64) * slope + intercept
            return scaled
        wanted = stored.dtype.newbyteorder("=") if stored.dtype.kind in "iu" else np.dtype(float_type)
        return np.require(stored.astype(wanted, copy=False), requirements="A")  # a header may put its voxels anywhere


def _three_dimensions(path: Path, header: nib.Nifti1Header) -> tuple[int, ...]:
    shape = tuple(int(size) for size in header["dim"][1 : int(header["dim"][0]) + 1])
    kept = shape[:3] + tuple(size for size in shape[3:] if size > 1)
    if len(kept) > 3:
        advice = f"keep one volume, for instance: fslroi '{path.name}' one.nii.gz 0 1"
        raise FileRefusedError(path, f"a 3-D image was needed and this one is {len(kept)}-D, {shape}; {advice}")
    if len(kept) < 3:
        raise FileRefusedError(path, f"a 3-D image was needed and this one has the shape {shape}")
    return kept


def _scaling(path: Path, header: nib.Nifti1Header) -> tuple[float, float]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not np.isfinite(slope) or slope == 0:  # the standard: no scaling is stored
        return 1.0, 0.0
    if not np.isfinite(intercept):
        raise FileRefusedError(path, f"its values are scaled by {slope:g} and shifted by {intercept}: a damaged header")
    return slope, intercept


def _refuse_non_finite(path: Path, data: Array) -> None:
    if data.dtype.kind != "f":
        return
    count = data.size - int(np.isfinite(data).sum())
    if count:
        raise FileRefusedError(path, f"{count} of {data.size} voxels are NaN or infinite; repair the file first")


def _some_values(values: Array) -> str:
    distinct = np.unique(values)
    shown = ", ".join(f"{value:.6g}" for value in distinct[:_VALUES_SHOWN])
    return shown + (f" and {distinct.size - _VALUES_SHOWN} other values" if distinct.size > _VALUES_SHOWN else "")
