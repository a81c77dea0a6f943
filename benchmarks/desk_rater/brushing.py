"""Which stroke is the best next one, and how long brushing still takes."""

import math
from dataclasses import dataclass, field

import numpy as np

from desk_rater.hand import Bool, Grip
from desk_rater.known import Known
from desk_rater.strokes import Slice, Stroke, strokes, swept

_LEAKED = 5  # times as many voxels are wrong as there are to find


@dataclass
class Brushing:
    """Plans strokes in the slices across one axis.

    Parameters
    ----------
    known
        The case.
    through
        That axis.
    grip
        How the hand begins, when what is left is estimated.
    """

    known: Known
    through: int
    grip: Grip
    _planned: dict[tuple[int, bytes], list[Stroke]] = field(default_factory=dict)
    _estimated: dict[bytes, float] = field(default_factory=dict)

    @property
    def spacing(self) -> tuple[float, float]:
        """Of a slice, in mm."""
        a, b = (size for axis, size in enumerate(self.known.spacing) if axis != self.through)
        return a, b

    def best(self, mask: Bool, grip: Grip) -> tuple[Stroke, int] | None:
        """Give the stroke that mends most voxels a second, and its slice; None where none mends any."""
        others = tuple(axis for axis in range(3) if axis != self.through)
        slices = np.flatnonzero((mask ^ self.known.truth).any(axis=others))
        options = [(stroke, int(at)) for at in slices for stroke in self._plan(mask, int(at))]
        return max(options, key=lambda one: one[0].gain / grip.seconds(one[0], one[1], self.spacing), default=None)

    def forget(self, mask: Bool, stroke: Stroke, at: int) -> None:
        """Plan a stroke no more, from this mask: on the screen it mended nothing."""
        self._plan(mask, at).remove(stroke)

    def left(self, mask: Bool) -> float:
        """Estimate the seconds of brushing from a mask until it is good; where that cannot be, until nothing helps.

        Infinite for what is seen at a glance to have leaked.
        """
        if self.known.wrong(mask) > _LEAKED * np.count_nonzero(self.known.truth):
            return math.inf
        key = np.packbits(mask).tobytes()
        if key not in self._estimated:
            self._estimated[key] = self._simulated(mask.copy())
        return self._estimated[key]

    def _simulated(self, mask: Bool) -> float:
        grip, seconds = self.grip, 0.0
        while not self.known.good(mask):
            best = self.best(mask, grip)
            if best is None:
                return seconds
            stroke, at = best
            seconds += grip.seconds(stroke, at, self.spacing)
            grip = grip.after(stroke, at)
            drawn = np.moveaxis(mask, self.through, 0)[at]
            painted = swept(stroke.corners, stroke.size, (drawn.shape[0], drawn.shape[1]), self.spacing)
            if stroke.erase:
                drawn &= ~painted
            else:
                drawn |= painted & np.take(self.known.free, at, axis=self.through)
        return seconds

    def _plan(self, mask: Bool, at: int) -> list[Stroke]:
        drawn, truth, free = (np.take(one, at, axis=self.through) for one in (mask, self.known.truth, self.known.free))
        key = (at, np.packbits(drawn).tobytes())
        if key not in self._planned:
            self._planned[key] = list(strokes(Slice(drawn, truth, free, self.spacing)))
        return self._planned[key]
