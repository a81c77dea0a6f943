"""What a rater does who knows the truth and wants most for the least work, looking one step ahead."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, label

from desk_rater.brushing import Brushing
from desk_rater.hand import Bool, Hand, Voxel
from desk_rater.known import Known

MOST_STROKES = 400
NOTCHES = 12
_TOUCHING = np.ones((3, 3, 3), np.int8)
_FALSE = 0.1  # a part of which less than this share is lesion is a false one
_SEVERAL = 3
_LOPSIDED = 2.0  # so many times more is missed than false, or the other way: the level is wrong everywhere


@dataclass
class Rater:
    """Corrects one case.

    Parameters
    ----------
    known
        The case.
    hand
        Does the work.
    brush
        Plans strokes.
    """

    known: Known
    hand: Hand
    brush: Brushing

    def correct(self, *, one_click: bool) -> str:
        """Work until the Dice is high enough; gives why it stopped before, or nothing."""
        if not self.known.good(self.known.truth & self.known.free):
            return "the lesion lies outside the predicted cord"
        if one_click:
            self._click()
        return self._paint()

    # ---- one click
    def _click(self) -> None:
        for step in (self._level, self._remove_parts, self._add_missed, self._fit_parts):
            if self._done:
                return
            step()

    @property
    def _mask(self) -> Bool:
        return self.hand.screen.mask()

    @property
    def _done(self) -> bool:
        return self.known.good(self._mask)

    @property
    def _left(self) -> float:
        """Seconds of brushing that are left."""
        return self.brush.left(self._mask)

    def _level(self) -> None:
        """Where several lesions are off, draw the whole region at another level for as long as that leaves less."""
        before = self._mask
        if len(parts(self.known.truth)) < _SEVERAL:
            return
        missed = np.count_nonzero(self.known.truth & ~before)
        false = np.count_nonzero(before & ~self.known.truth)
        if max(missed, false) < _LOPSIDED * min(missed, false) or max(missed, false) < 0.2 * self.known.truth.sum():
            return
        lower, least = missed > false, self._left
        keep = least
        self.hand.use("level")
        for tried in range(NOTCHES):
            self.hand.step("-" if lower else "+", "t", first=not tried)
            now = self._left
            if now > least:
                self.hand.step("+" if lower else "-", "t", first=False)
                break
            least = now
        self._undo_unless(self._left < keep)

    def _remove_parts(self) -> None:
        for part in parts(self._mask):
            if self._done:
                return
            if np.count_nonzero(part & self.known.truth) < _FALSE * np.count_nonzero(part):
                self.hand.use("remove")
                self.hand.click(self._middle(part))

    def _add_missed(self) -> None:
        """Click on each lesion that is missed, wherever brushing it takes more than one slice."""
        for lesion in parts(self.known.truth & self.known.free):
            if self._done:
                return
            if not (lesion & self._mask).any() and self._slices(lesion) > 1:
                voxel = self._middle(lesion)
                self._try("add", voxel, lambda: self.hand.click(voxel))  # noqa: B023 - called at once

    def _fit_parts(self) -> None:
        """Fit to the picture what is wrongly outlined in more than one slice."""
        for part in parts(self._mask):
            if self._done:
                return
            near = binary_dilation(part, _TOUCHING, 2)
            if (part & self.known.truth).any() and self._slices(near & (self._mask ^ self.known.truth)) > 1:
                voxel = self._middle(part)
                self._try("fit", voxel, lambda: self.hand.key_at("F", voxel))  # noqa: B023 - called at once

    def _try(self, name: str, voxel: Voxel, begin: Callable[[], None]) -> None:
        """Use a tool whose level the wheel sets, and undo what leaves no less to do."""
        before, keep = self._mask, self._left
        self.hand.use(name)
        begin()
        if (self._mask != before).any():
            self._tune(voxel)
            self._undo_unless(self._left < keep)

    def _tune(self, voxel: Voxel) -> None:
        """Turn the wheel for as long as that leaves less to do: the way that there is more wrong, then the other."""
        now = self._mask
        too_much = int(np.count_nonzero(now & ~self.known.truth)) > int(np.count_nonzero(self.known.truth & ~now))
        least = self._left
        for up in (too_much, not too_much):
            for turned in range(NOTCHES):
                if self._done:
                    return
                self.hand.notch(voxel, up=up, first=not turned)
                left = self._left
                if left > least:
                    self.hand.notch(voxel, up=not up, first=False)
                    break
                least = left
            if turned > 0:
                return

    def _slices(self, some: Bool) -> int:
        """Count the large slices that hold any."""
        through = self.hand.screen.through
        return int(np.count_nonzero(some.any(axis=tuple(axis for axis in range(3) if axis != through))))

    def _undo_unless(self, better: bool) -> None:
        if not better:
            self.hand.press("u")
            self.hand.use("undo")

    def _middle(self, part: Bool) -> Voxel:
        """The voxel of a part that lies nearest to its middle."""
        voxels = np.argwhere(part)
        apart = (((voxels - voxels.mean(axis=0)) * self.known.spacing) ** 2).sum(axis=1)
        i, j, k = (int(at) for at in voxels[int(apart.argmin())])
        return i, j, k

    # ---- brush and eraser
    def _paint(self) -> str:
        """Do, again and again, the stroke that mends most voxels a second."""
        while not self._done:
            if self.hand.tally.strokes >= MOST_STROKES:
                return f"{MOST_STROKES} strokes were not enough"
            before = self._mask
            best = self.brush.best(before, self.hand.grip)
            if best is None:
                return "no stroke mends more than it spoils"
            self.hand.paint(*best, self.brush.spacing)
            if self.known.wrong(self._mask) >= self.known.wrong(before):
                self._undo_unless(bool((self._mask == before).all()))
                self.brush.forget(before, *best)
        return ""


def parts(mask: Bool) -> list[Bool]:
    """Give the connected parts of a mask, the largest first."""
    numbers, count = label(mask, _TOUCHING)
    sizes: npt.NDArray[np.intp] = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    return [numbers == number + 1 for number in np.argsort(-sizes, kind="stable")]
