"""Reading a mask and bringing it onto its image's grid, or refusing it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from nnunet_ext.core.errors import DataRefusedError, FileRefusedError
from nnunet_ext.core.grid import ADOPTED_WITHIN, SAME_GRID, apart
from nnunet_ext.core.mask import refuse_no_probability, refuse_several
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.rounding import more_than
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.dataset_conversion.class_profile import ClassProfile
from nnunet_ext.dataset_conversion.resample import resample_identity

_SOFT: Final = (-2.0, 2.0)  # interpolation overshoots a little; more is an image, or a mask of 0 and 255
_ADVICE: Final = "; if some of them are this class, say so: values = [...] in the profile"


@dataclass(frozen=True, eq=False)
class OnGrid:
    """A mask on the grid of its image, or a channel on that of the first.

    Parameters
    ----------
    data
        Of the image's shape; a mask's are 0 and 1, uint8.
    remarks
        What was done to it.
    moved_mm
        Root mean square distance by which adopting the image's affine, or registration, moved it; 0 where it was on
        the grid, or was resampled.
    """

    data: Array
    remarks: tuple[str, ...] = ()
    moved_mm: float = 0.0


def read_on_grid(path: Path, image: Volume, profile: ClassProfile, *, resample: bool = False) -> OnGrid:
    """Read a mask and bring it onto its image's grid.

    Parameters
    ----------
    path
        Of the mask.
    image
        Its image, in the file's own axes.
    profile
        Says whether the mask is soft, or a map of several classes.
    resample
        Whether a mask more than half a voxel away, or of another shape, is resampled by nearest neighbour in world
        space, where it overlaps the image. Masks within half a voxel never are: they take the image's affine.

    Raises
    ------
    FileRefusedError
        Where the file is damaged, holds other values than declared, or lies elsewhere than its image.
    """
    mask, remarks = _binary(path, profile, image.data)
    off = apart(mask, image)
    if off is None:
        found = f"the mask's shape is {mask.data.shape} and its image's {image.data.shape}"
    elif off.rms_voxels <= SAME_GRID:
        return OnGrid(mask.data, tuple(remarks))
    elif off.rms_voxels <= ADOPTED_WITHIN:
        moved = f"{off.centre_mm:.3f} mm away at the centre of the volume, {off.rms_mm:.3f} mm root mean square"
        return OnGrid(mask.data, (*remarks, f"image's affine adopted, {moved}"), off.rms_mm)
    else:
        distance = f"{off.centre_mm:.2f} mm at the centre of the volume, {off.rms_voxels:.2f} voxels over all"
        found = f"the mask lies {distance} from its image: drawn on another image, or moved"
    if not resample:
        raise FileRefusedError(path, f"{found}; if both lie rightly in the scanner's space: --resample nearest")
    return _resampled(path, mask, image, [*remarks, found])


def _resampled(path: Path, mask: Volume, image: Volume, remarks: list[str]) -> OnGrid:
    try:
        done = resample_identity(mask, image.data.shape, image.affine, nearest=True)
    except DataRefusedError as error:
        raise FileRefusedError(path, f"{remarks[-1]}; it cannot be resampled: {error}") from error
    before, after = int(np.count_nonzero(mask.data)), int(np.count_nonzero(done.volume.data))
    if before and not after:
        raise FileRefusedError(path, f"{remarks[-1]}; resampled to its image, none of its {before} voxels is left")
    remarks.append(
        f"resampled to its image by nearest neighbour, {before} voxels became {after}, {done.lost} lay outside"
    )
    return OnGrid(done.volume.data, tuple(remarks))


def _binary(path: Path, profile: ClassProfile, image: Array) -> tuple[Volume, list[str]]:
    """Read a mask of 0 and 1, by what the profile says of its values."""
    mask = read_mask(path) if profile.threshold is None else read_volume(path)
    if np.array_equal(mask.data, image) and mask.data.any():
        raise FileRefusedError(path, "it is its image, voxel by voxel, under the name of a mask")
    if profile.threshold is not None:
        return _cut(path, mask, profile.threshold)
    remarks = list(mask.notes)
    if profile.values:
        members: Array = np.isin(mask.data, profile.values)
        there = np.unique(mask.data[mask.data > 0])
        remarks.append(f"values {', '.join(map(str, profile.values))} of {', '.join(map(str, there))} taken")
        return _as_mask(mask, members), remarks
    value = refuse_several(path, mask.data, "class", _ADVICE)
    if value > 1:
        remarks.append(f"value {value} read as 1")
    return _as_mask(mask, mask.data > 0), remarks


def _cut(path: Path, soft: Volume, threshold: float) -> tuple[Volume, list[str]]:
    if threshold < 1:
        refuse_no_probability(path, soft.data, ": an image?", _SOFT)
    return _as_mask(soft, more_than(soft.data, threshold)), [*soft.notes, f"soft mask cut at {threshold:g}"]


def _as_mask(volume: Volume, members: Array) -> Volume:
    return Volume(members.astype(np.uint8), volume.affine, volume.notes)
