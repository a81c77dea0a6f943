"""What an image shows of cord and fluid: how bright they are, how the cord varies, and how much of it is noise."""

from dataclasses import dataclass
from typing import Final

import nibabel as nib
import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt, gaussian_filter, gaussian_filter1d

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.volume import Affine, Array
from nnunet_ext.phantom.injection.cord_course import BoolArray
from nnunet_ext.phantom.spine import Floats

_SLICES: Final = 15  # as many say how bright fluid and cord are
_NEAR_MM: Final = 2.5  # what lies so near around the cord tells whether fluid is brighter or darker than it
_FAR_MM: Final = 4.0  # no farther than this the fluid itself is looked for
_FLUID: Final = 80  # percentile of what lies around: the rest is mixed with cord, dura, roots and bone
_FEWEST: Final = 5
_DARKEST: Final = 0.5  # percentile that stands for no signal
_STRUCTURE_MM: Final = 1.0  # what is smaller than that in the cord is taken for noise
_LEVEL_MM: Final = 8.0  # over which coils fade
_LITTLE: Final = 1e-3  # of the core's voxels: less of it says nothing
_LEAST_CONTRAST: Final = 1.0  # noise's standard deviations between fluid and cord
_TO_SD: Final = 1.4826  # of a median absolute deviation


@dataclass(frozen=True, eq=False)
class CordSignal:
    """What is measured of one image around its cord.

    Parameters
    ----------
    structure
        The cord without its noise: what a lesion replaces. Shape of the image; only meaningful in the cord.
    level
        How bright cord is about each voxel of it; of the same shape.
    cord, fluid, dark
        Brightness of the cord and of the fluid around it, and that of no signal, in the image's units.
    noise
        Standard deviation of what is in the cord and not in its structure.
    """

    structure: Floats
    level: Floats
    cord: float
    fluid: float
    dark: float
    noise: float

    @property
    def fluid_is_bright(self) -> bool:
        """Whether fluid is brighter than the cord, as in T2w, rather than darker, as in T1w."""
        return self.fluid > self.cord


def measure_signal(image: Array, cord: BoolArray, affine: Affine) -> CordSignal:
    """Measure an image around its cord.

    Parameters
    ----------
    image, cord
        Shape (i, j, k), cut down to the cord with some millimetres around it.
    affine
        4 x 4, voxel to world in mm.

    Raises
    ------
    DataRefusedError
        Where cord and fluid cannot be told apart: by less than the noise's standard deviation.
    """
    values = image.astype(np.float32)
    spacing = nib.affines.voxel_sizes(affine)
    core = _core(cord, spacing)
    upright = upright_axis("".join(nib.aff2axcodes(affine)))
    level, structure = _levels(values, core, spacing, upright)
    rest = values[core] - structure[core]
    noise = _TO_SD * float(np.median(np.abs(rest - np.median(rest))))
    typical, fluid = _cord_and_fluid(values, cord, spacing, upright)
    if abs(fluid - typical) <= _LEAST_CONTRAST * noise:
        raise DataRefusedError(
            f"a cord that can be told from what lies around it was needed, found {typical:.4g} inside its mask and "
            f"{fluid:.4g} around it, with a noise of {noise:.3g}; look at image and mask"
        )
    dark = min(float(np.percentile(values, _DARKEST)), typical, fluid)
    return CordSignal(structure, level, typical, fluid, dark, noise)


def _core(cord: BoolArray, spacing: Affine) -> BoolArray:
    """Leave out the border, which is half fluid, along the axes whose voxels are fine enough."""
    fine = [axis for axis, mm in enumerate(spacing) if mm <= 1.5 * min(spacing)]
    cross = np.zeros((3, 3, 3), dtype=bool)
    cross[1, 1, 1] = True
    for axis in fine:
        place = [1, 1, 1]
        for end in (0, 2):
            place[axis] = end
            cross[tuple(place)] = True
    core: BoolArray = binary_erosion(cord, cross)
    return core if core.sum() > 0.1 * cord.sum() else cord


def _levels(values: Floats, core: BoolArray, spacing: Affine, upright: int) -> tuple[Floats, Floats]:
    """Smooth the cord's core: along the cord alone and widely, and in all directions narrowly."""
    low, high = np.percentile(values[core], (5, 95))
    clipped = np.where(core, np.clip(values, low, high), 0).astype(np.float32)
    across = tuple(axis for axis in range(3) if axis != upright)
    sums, counts = (
        gaussian_filter1d(one.sum(axis=across, dtype=np.float64), _LEVEL_MM / spacing[upright])
        for one in (clipped, core)
    )
    known = np.flatnonzero(counts > _LITTLE)
    along = np.interp(np.arange(len(counts)), known, sums[known] / counts[known]).astype(np.float32)
    level = np.broadcast_to(np.expand_dims(along, across), core.shape)
    weights = gaussian_filter(core.astype(np.float32), _STRUCTURE_MM / spacing, truncate=3)
    smooth = gaussian_filter(clipped, _STRUCTURE_MM / spacing, truncate=3)
    return level, np.where(weights > _LITTLE, smooth / np.maximum(weights, _LITTLE), level)


def _cord_and_fluid(values: Floats, cord: BoolArray, spacing: Affine, upright: int) -> tuple[float, float]:
    """Take the median, over slices, of the cord and of the fluid around it: bright or dark, as the nearest is."""
    slices = np.flatnonzero(cord.any(axis=tuple(axis for axis in range(3) if axis != upright)))
    chosen = np.unique(slices[np.linspace(0, len(slices) - 1, min(_SLICES, len(slices))).round().astype(int)])
    flat = [float(mm) for axis, mm in enumerate(spacing) if axis != upright]
    insides, nears, brights, darks = [], [], [], []
    for number in chosen:
        inside, plane = cord.take(number, upright), values.take(number, upright)
        away = distance_transform_edt(~inside, sampling=flat)
        around = plane[(away > 0.5 * min(flat)) & (away <= max(_FAR_MM, 1.5 * max(flat)))]
        near = plane[(away > 0.5 * min(flat)) & (away <= max(_NEAR_MM, 1.1 * max(flat)))]
        if min(near.size, around.size) < _FEWEST:
            continue
        insides.append(np.median(plane[inside]))
        nears.append(np.median(near))
        brights.append(np.percentile(around, _FLUID))
        darks.append(np.percentile(around, 100 - _FLUID))
    if not insides:
        raise DataRefusedError("image around the cord was needed, found none: the mask fills its field of view")
    differences = np.subtract(nears, insides)
    fluid = brights if np.median(differences) > 0 else darks
    typical = float(np.median(insides))
    return typical, typical + float(np.median(np.subtract(fluid, insides)))
