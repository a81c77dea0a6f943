"""Thick slices: what was measured in them, and how they look on a finer grid."""

import numpy as np
import numpy.typing as npt

from nnunet_ext.phantom.painting.look import Slices
from nnunet_ext.phantom.spine import Floats


class Stack:
    """Slices over a grid: first the mean of what lies in each, then all of them spread out again.

    Parameters
    ----------
    slices
        How they lie.
    shape
        Of the grid.
    spacing
        Of the grid, in mm.
    start
        Where the first slice begins, as a share of its thickness before the grid.
    blocks
        Whether each is repeated over its thickness, as nnU-Net brings images of thick slices to a finer grid, or
        interpolated, as it does where they are not so thick.
    """

    def __init__(
        self, slices: Slices, shape: tuple[int, ...], spacing: tuple[float, ...], start: float, blocks: bool
    ) -> None:
        self.axis, self.blocks = slices.axis, blocks
        size, step = shape[slices.axis], slices.thickness_mm / spacing[slices.axis]
        edges = np.arange(-start * step, size, step)
        middles = edges + step / 2
        self.low = np.clip(middles - slices.filled * step / 2, 0, size - 0.5)
        self.high = np.clip(middles + slices.filled * step / 2, self.low + 0.25, size)
        places = (np.arange(size) + 0.5 - middles[0]) / step
        self.nearest = np.clip(np.rint(places), 0, len(middles) - 1).astype(np.intp)
        self.below = np.clip(np.floor(places), 0, max(len(middles) - 2, 0)).astype(np.intp)
        self.weight = np.clip(places - self.below, 0, 1).astype(np.float32)

    def measure(self, values: Floats) -> Floats:
        """Take the mean in each slice."""
        total = np.cumsum(np.moveaxis(values, self.axis, 0), axis=0, dtype=np.float64)
        total = np.concatenate([np.zeros_like(total[:1]), total])
        parts = (_between(total, self.high) - _between(total, self.low)) / _column(self.high - self.low)
        result: Floats = np.moveaxis(parts.astype(np.float32), 0, self.axis)
        return result

    def spread(self, values: Floats) -> Floats:
        """Bring slices back to the grid."""
        if self.blocks or values.shape[self.axis] == 1:
            blocks: Floats = np.take(values, self.nearest, self.axis)
            return blocks
        lower, upper = (np.take(values, self.below + step, self.axis) for step in (0, 1))
        weight = self.weight.reshape([-1 if axis == self.axis else 1 for axis in range(3)])
        result: Floats = lower + weight * (upper - lower)
        return result


def _between(total: npt.NDArray[np.float64], place: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lower = np.minimum(place.astype(np.intp), len(total) - 2)
    result: npt.NDArray[np.float64] = total[lower] + _column(place - lower) * (total[lower + 1] - total[lower])
    return result


def _column(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return values[:, None, None]
