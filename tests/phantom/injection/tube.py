"""An elliptic cord in its fluid, on any grid: what is put into it is known to the millimetre."""

from dataclasses import dataclass

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume

WIDE, DEEP = 6.0, 4.0
"""Half-diameters of the cord, to the right and to the front, in mm."""

_FINE = 4  # samples a voxel and axis


@dataclass(frozen=True)
class Tube:
    """A cord that runs down and, by `lean`, forwards, in a sac, in soft tissue.

    Fields are brightness, the noise's standard deviation, and the blur's in voxels; across thick slices it is 0.2.
    """

    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    size_mm: tuple[float, float, float] = (36.0, 36.0, 60.0)
    axes: str = "RAS"
    lean: float = 0.1
    cord: float = 400.0
    fluid: float = 1000.0
    around: float = 300.0
    noise: float = 15.0
    blur: float = 0.5
    seed: int = 1

    def make(self) -> tuple[Volume, npt.NDArray[np.bool_]]:
        """Draw the image, and the voxels whose greater part is cord."""
        shape = [round(mm / size) for mm, size in zip(self.size_mm, self.spacing, strict=True)]
        axes = [(np.arange(n * _FINE) + 0.5) / _FINE * size - n * size / 2
                for n, size in zip(shape, self.spacing, strict=True)]  # fmt: skip
        x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
        front = y + self.lean * z
        inside = _mean((x / WIDE) ** 2 + (front / DEEP) ** 2 < 1)
        sac = _mean((x / 10) ** 2 + (front / 8) ** 2 < 1)
        image = self.around + (self.fluid - self.around) * sac + (self.cord - self.fluid) * inside
        image = gaussian_filter(image, [self.blur if size <= 1.5 * min(self.spacing) else 0.2 for size in self.spacing])
        image = image + np.random.default_rng(self.seed).normal(0, self.noise, shape)
        origin = [(1 - n) * size / 2 for n, size in zip(shape, self.spacing, strict=True)]
        affine = nib.affines.from_matvec(np.diag(self.spacing), origin)
        turned = reorient(Volume(np.rint(image).astype(np.int16), affine), self.axes)
        mask = reorient(Volume((inside >= 0.5).astype(np.uint8), affine), self.axes)
        return turned, mask.data > 0


def _mean(fine: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    sizes = [(n // _FINE, _FINE) for n in fine.shape]
    result: npt.NDArray[np.float64] = fine.reshape(sum(sizes, ())).mean(axis=(1, 3, 5))
    return result
