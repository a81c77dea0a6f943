"""A cord with its lesions, slice by slice: where its middle runs, how wide it is, how far it is along it."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import savgol_filter

from nnunet_ext.core.components import components
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import RAW_AXES, reorient
from nnunet_ext.core.stray_lesions import cord_alone
from nnunet_ext.core.volume import Array, Volume

BoolArray = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.uint32]
Region = tuple[slice, slice, slice]

_NEIGHBOURS: Final = 18  # as `biomarkers` counts lesions
_SMOOTHED_MM: Final = 20.0
_FEWEST: Final = 5
_DEGREE: Final = 2


@dataclass(frozen=True, eq=False)
class CordBody:
    """The part of an image that holds cord, along nibabel LAS: to the left, to the front, upwards.

    Parameters
    ----------
    cord
        Shape (x, y, z).
    lesions
        The same shape: number of the lesion (18-connected, from 1) that each voxel within the cord belongs to; 0 else.
    spacing
        mm along each axis.
    region
        Where these arrays lie in the whole image along LAS.
    centre
        Shape (z, 2): the cord's middle in mm of x and y from the first voxel, a parabola through 20 mm at each slice.
    half
        Shape (z, 2): its half-diameters in x and y in mm, those of the ellipse with the slice's second moments.
    section_mm2
        Shape (z,): its area across its own course.
    along_mm
        Shape (z,): length of its course within the slice.
    """

    cord: BoolArray
    lesions: Numbers
    spacing: tuple[float, float, float]
    region: Region
    centre: Floats
    half: Floats
    section_mm2: Floats
    along_mm: Floats

    @property
    def numbers(self) -> list[int]:
        """Numbers of the lesions."""
        return [int(number) for number in np.unique(self.lesions) if number]

    @property
    def from_top_mm(self) -> Floats:
        """Shape (z,): how far the middle of each slice is along the cord from the uppermost slice's upper face."""
        downwards = np.cumsum(self.along_mm[::-1])[::-1]
        return np.asarray(downwards - self.along_mm / 2)

    def slices_of(self, number: int) -> BoolArray:
        """Shape (z,): the axial slices that a lesion is in."""
        return np.asarray((self.lesions == number).any(axis=(0, 1)))

    def volume_mm3(self, number: int) -> float:
        """Volume of a lesion within the cord."""
        return float((self.lesions == number).sum() * np.prod(self.spacing))

    def cut(self, image: Array, like: Volume) -> Array:
        """Take this part of an array that lies on a volume's grid, along LAS."""
        return np.asarray(reorient(replace(like, data=image, forms=None), RAW_AXES).data[self.region])


def cord_body(lesion: Volume, cord: Volume) -> CordBody | None:
    """Follow a cord, and number the lesions within it; None where there is no cord.

    Parameters
    ----------
    lesion, cord
        Voxels above 0; any orientation, one and the same grid. A lesion wholly outside the cord is not in it, and one
        that a nested label map has in its cord beside it is taken out, see `cord_alone`.

    Raises
    ------
    DataRefusedError
        Where the grids differ.
    """
    if lesion.data.shape != cord.data.shape:
        raise DataRefusedError(
            f"lesion and cord on one grid were needed, found {lesion.data.shape} and {cord.data.shape}"
        )
    alone = cord_alone(cord.data > 0, lesion.data > 0, cord.affine)
    upright = reorient(replace(cord, data=alone, forms=None), RAW_AXES)
    turned = reorient(replace(lesion, data=lesion.data > 0, forms=None), RAW_AXES)
    if not upright.data.any():
        return None
    region = _box(upright.data)
    inside, drawn = upright.data[region], turned.data[region]
    numbered, _ = components(np.ascontiguousarray(drawn), _NEIGHBOURS)
    lesions = np.where(inside, numbered, 0).astype(np.uint32)
    centre, half = _middles(inside, upright.spacing)
    slope = np.gradient(centre, upright.spacing[2], axis=0) if len(centre) > 1 else np.zeros_like(centre)
    stretch = np.sqrt(1 + (slope**2).sum(axis=1))
    area = inside.sum(axis=(0, 1)) * upright.spacing[0] * upright.spacing[1]
    return CordBody(
        inside, lesions, upright.spacing, region, centre, half, area / stretch, upright.spacing[2] * stretch
    )


def _box(mask: BoolArray) -> Region:
    spans = [np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis))) for axis in range(3)]
    x, y, z = (slice(int(span[0]), int(span[-1]) + 1) for span in spans)
    return x, y, z


def _middles(cord: BoolArray, spacing: tuple[float, float, float]) -> tuple[Floats, Floats]:
    """Give middles and half-diameters of each slice; where there is no cord in between, those of its neighbours."""
    count = cord.sum(axis=(0, 1))
    there = np.flatnonzero(count)
    centre, half = np.zeros((len(count), 2)), np.zeros((len(count), 2))
    for axis in range(2):
        profile = cord.sum(axis=1 - axis)[:, there]
        places = np.arange(len(profile))[:, None] * spacing[axis]
        mean = (places * profile).sum(axis=0) / count[there]
        # A voxel is a box, not a point: its own second moment counts.
        variance = ((places - mean) ** 2 * profile).sum(axis=0) / count[there] + spacing[axis] ** 2 / 12
        centre[:, axis] = _smoothed(np.interp(np.arange(len(count)), there, mean), spacing[2])
        half[:, axis] = np.interp(np.arange(len(count)), there, 2 * np.sqrt(variance))
    return centre, half


def _smoothed(values: Floats, step_mm: float) -> Floats:
    wanted = max(_FEWEST, round(_SMOOTHED_MM / step_mm))
    window = min(wanted, len(values))
    window -= 1 - window % 2
    return np.asarray(savgol_filter(values, window, _DEGREE)) if window >= _FEWEST else values
