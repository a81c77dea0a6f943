"""The lesions of a mask, one by one, and where those of two masks meet."""

from dataclasses import dataclass
from typing import Literal

import cc3d
import numpy as np
import numpy.typing as npt

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.rounding import at_least, more_than
from nnunet_ext.evaluation.overlap import BoolArray

Connectivity = Literal[6, 18, 26]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LesionDefinition:
    """What counts as a lesion.

    Parameters
    ----------
    connectivity
        Neighbours that make voxels one lesion: 6 (faces), 18 (and edges) or 26 (and corners).
    smallest_mm3
        Components of less than this volume in mm3 are no lesions; 0 takes all.
    larger_only
        Whether a component of exactly this volume is none either.
    smallest_voxels
        Components of fewer voxels are no lesions.
    """

    connectivity: Connectivity
    smallest_mm3: float = 0.0
    larger_only: bool = False
    smallest_voxels: int = 1

    def __post_init__(self) -> None:
        if self.connectivity not in (6, 18, 26):
            raise UsageError(f"connectivity must be 6, 18 or 26, found {self.connectivity}")
        if not self.smallest_mm3 >= 0 or self.smallest_voxels < 1:
            raise UsageError(
                f"smallest_mm3 must be 0 or more and smallest_voxels 1 or more, found {self.smallest_mm3} and "
                f"{self.smallest_voxels}"
            )

    def holds(self, sizes: Counts, voxel_volume_mm3: float) -> BoolArray:
        """Tell which components of these numbers of voxels are lesions."""
        volumes = sizes * voxel_volume_mm3
        large = (more_than if self.larger_only else at_least)(volumes, self.smallest_mm3)
        return large & (sizes >= self.smallest_voxels)


@dataclass(frozen=True, eq=False)
class Lesions:
    """The lesions of one mask.

    Parameters
    ----------
    numbers
        Shape of the mask: 1, 2, ... within a lesion, 0 elsewhere.
    sizes
        Voxels of each.
    smaller
        Components that are too small for a lesion.
    """

    numbers: npt.NDArray[np.uint32]
    sizes: Counts
    smaller: int = 0

    @property
    def count(self) -> int:
        """Number of lesions; 0 of an empty mask."""
        return len(self.sizes)


@dataclass(frozen=True, eq=False)
class Meetings:
    """The pairs of a reference and a predicted lesion that share voxels, each pair once.

    Parameters
    ----------
    reference_sizes, predicted_sizes
        Voxels of each lesion of either mask.
    reference, predicted
        Index of each pair's lesions, from 0.
    voxels
        That each pair shares, 1 or more.
    """

    reference_sizes: Counts
    predicted_sizes: Counts
    reference: Counts
    predicted: Counts
    voxels: Counts

    @property
    def covered(self) -> Counts:
        """Voxels of each reference lesion that lie in any predicted lesion."""
        return _sums(self.reference, self.voxels, len(self.reference_sizes))

    @property
    def covering(self) -> Counts:
        """Voxels of each predicted lesion that lie in any reference lesion."""
        return _sums(self.predicted, self.voxels, len(self.predicted_sizes))

    @property
    def iou(self) -> npt.NDArray[np.float64]:
        """Intersection over union of each pair."""
        either = self.reference_sizes[self.reference] + self.predicted_sizes[self.predicted] - self.voxels
        return np.asarray(self.voxels / either, dtype=np.float64)

    @property
    def transposed(self) -> "Meetings":
        """The same with the two masks' parts exchanged."""
        return Meetings(self.predicted_sizes, self.reference_sizes, self.predicted, self.reference, self.voxels)


def find_lesions(mask: BoolArray, voxel_volume_mm3: float, definition: LesionDefinition) -> Lesions:
    """Find the lesions of a mask of shape (i, j, k), any axis order; an empty mask has none."""
    # Where a side is one voxel, cc3d makes room for too few 26-connected parts and gives up; not so where all are even.
    # In one order in memory, so that the numbers do not depend on how the mask came.
    even = np.ascontiguousarray(np.pad(mask, [(0, size % 2) for size in mask.shape]))
    found = cc3d.connected_components(even, connectivity=definition.connectivity)
    components = found[tuple(map(slice, mask.shape))].astype(np.uint32, copy=False)
    sizes = np.bincount(components.ravel())[1:]
    kept = definition.holds(sizes, voxel_volume_mm3)
    if kept.all():
        return Lesions(components, sizes)
    new_number = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.uint32)
    return Lesions(new_number[components], sizes[kept], int(np.count_nonzero(~kept)))


def meet(reference: Lesions, predicted: Lesions) -> Meetings:
    """Find which lesions of two masks of one shape share voxels, and how many."""
    both = (reference.numbers > 0) & (predicted.numbers > 0)
    # One number a pair: a table of all pairs would not fit into memory where a prediction is noise.
    width = predicted.count + 1
    keys = reference.numbers[both].astype(np.int64) * width + predicted.numbers[both]
    pairs, voxels = np.unique(keys, return_counts=True)
    return Meetings(reference.sizes, predicted.sizes, pairs // width - 1, pairs % width - 1, voxels)


def _sums(index: Counts, values: Counts, length: int) -> Counts:
    return np.bincount(index, weights=values, minlength=length).astype(np.int64)
