"""A desk without a browser: masks are arrays, and a click adds what a probability holds above a level."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from desk_rater.hand import FIRST_SIZE, Voxel
from desk_rater.strokes import SIZES, swept
from scipy.ndimage import label

Bool = npt.NDArray[np.bool_]
TOUCHING = np.ones((3, 3, 3))


class ArrayScreen:
    """The `Screen` of a mask whose large slices lie across the last axis, with voxels of 1 mm in them."""

    through = 2
    pixels = 8.0

    def __init__(self, mask: Bool, free: Bool, probability: npt.NDArray[np.float64]) -> None:
        self.free, self.probability = free, probability
        self.done: list[Bool] = [mask]
        self.at = 0
        self.tool, self.size, self.level = "q", FIRST_SIZE, 0.5
        self.said: list[str] = []

    def mask(self) -> Bool:
        return self.done[-1].copy()

    def slice(self) -> int:
        return self.at

    def press(self, key: str, times: int = 1) -> None:
        steps = {"up": 1, "down": -1, "far-up": 5, "far-down": -5}
        if key in steps:
            self.at += steps[key] * times
        elif key in "qbe":
            self.tool = key
        elif key in "[]":
            self.size = SIZES[SIZES.index(self.size) + times * (1 if key == "]" else -1)]
        elif key == "u":
            self.done.pop()
        self.said.append(key)

    def point(self, voxel: Voxel) -> None:
        assert voxel[2] == self.at

    def click(self, voxel: Voxel) -> None:
        assert (self.tool, voxel[2]) == ("q", self.at)
        mask = self.mask()
        if mask[voxel]:
            self.done.append(mask & ~self._part(mask, voxel))
        elif self.probability[voxel] > 0:
            self.level = 0.5
            self.done.append(mask | self._part((self.probability >= self.level) & self.free, voxel))
            self.clicked = voxel

    def wheel(self, voxel: Voxel, up: bool, level: bool) -> None:
        assert level
        self.level += 0.1 if up else -0.1
        self.done[-1] = self.done[-2] | self._part((self.probability >= self.level) & self.free, self.clicked)

    def drag(self, corners: Sequence[Voxel]) -> None:
        assert {corner[2] for corner in corners} == {self.at}
        mask = self.mask()
        painted = swept([corner[:2] for corner in corners], self.size, mask.shape[:2], (1.0, 1.0))
        if self.tool == "e":
            mask[..., self.at] &= ~painted
        else:
            mask[..., self.at] |= painted & self.free[..., self.at]
        self.done.append(mask)

    @staticmethod
    def _part(mask: Bool, voxel: Voxel) -> Bool:
        numbers, _ = label(mask, TOUCHING)
        return np.asarray(mask & (numbers == numbers[voxel]))
