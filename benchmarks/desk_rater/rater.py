"""What a rater does who knows the truth and wants most for the least work, looking one step ahead."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label

from desk_rater.hand import Bool, Hand, Voxel
from desk_rater.strokes import Slice, Stroke, strokes
from nnunet_ext.evaluation.overlap import dice

ENOUGH = 0.9
MOST_STROKES = 400
NOTCHES = 12
_TOUCHING = np.ones((3, 3, 3), np.int8)
_FALSE = 0.1  # a part of which less than this share is lesion is a false one
_LOPSIDED = 2.0  # so many times more is missed than false, or the other way: the level is wrong everywhere


@dataclass(frozen=True)
class Known:
    """A case as its rater knows it; masks are in the file's axes.

    Parameters
    ----------
    truth
        The lesions.
    free
        Where lesions can be drawn: the cord of the prediction, which both ways of working keep to.
    spacing
        In mm.
    """

    truth: Bool
    free: Bool
    spacing: tuple[float, float, float]

    def wrong(self, mask: Bool) -> int:
        return int(np.count_nonzero(mask ^ self.truth))

    def good(self, mask: Bool) -> bool:
        return dice(self.truth, mask) >= ENOUGH


@dataclass
class Rater:
    """Corrects one case.

    Parameters
    ----------
    known
        The case.
    hand
        Does the work.
    """

    known: Known
    hand: Hand
    _plans: dict[int, tuple[bytes, list[Stroke]]] = field(default_factory=dict)

    def correct(self, *, one_click: bool) -> str:
        """Work until the Dice is high enough; gives why it stopped before, or nothing."""
        if not self.known.good(self.known.truth & self.known.free):
            return "the lesion lies outside the predicted cord"
        if one_click:
            self._click()
        return self._paint()

    # ---- one click
    def _click(self) -> None:
        for step in (self._level, self._remove_parts, self._add_missed, self._smooth):
            if self._done:
                return
            step()

    @property
    def _mask(self) -> Bool:
        return self.hand.screen.mask()

    @property
    def _done(self) -> bool:
        return self.known.good(self._mask)

    def _level(self) -> None:
        """Draw the whole region at another level, notch by notch, for as long as it gets better."""
        before = self._mask
        missed = np.count_nonzero(self.known.truth & ~before)
        false = np.count_nonzero(before & ~self.known.truth)
        if max(missed, false) < _LOPSIDED * min(missed, false) or max(missed, false) < 0.2 * self.known.truth.sum():
            return
        lower = missed > false
        best, tried = self.known.wrong(before), 0
        self.hand.use("level")
        while tried < NOTCHES // 2:
            self.hand.press("-" if lower else "+")
            self.hand.press("t")
            wrong = self.known.wrong(self._mask)
            if wrong >= best and tried:
                break
            best, tried = min(best, wrong), tried + 1
        if self.known.wrong(self._mask) > best:
            self.hand.press("+" if lower else "-")
            self.hand.press("t")
        if self.known.wrong(self._mask) >= self.known.wrong(before):
            self.hand.press("u")
            self.hand.use("undo")

    def _remove_parts(self) -> None:
        for part in parts(self._mask):
            if self._done:
                return
            if np.count_nonzero(part & self.known.truth) < _FALSE * np.count_nonzero(part):
                self.hand.use("remove")
                self.hand.click(self._middle(part))

    def _add_missed(self) -> None:
        """Click on what is missed wherever brushing it takes more than one slice."""
        for piece in parts(self.known.truth & self.known.free & ~self._mask):
            if self._done:
                return
            left = piece & ~self._mask
            across = tuple(axis for axis in range(3) if axis != self.hand.screen.through)
            if np.count_nonzero(left.any(axis=across)) > 1:
                self._add(self._middle(left))

    def _add(self, voxel: Voxel) -> None:
        before = self._mask
        self.hand.use("add")
        self.hand.click(voxel)
        if (self._mask != before).any():
            self._tune(voxel, before)

    def _tune(self, voxel: Voxel, before: Bool) -> None:
        """Turn the wheel while it gets better; take it back where it is no better than it was."""
        now = self._mask
        added = now & ~before
        up = 2 * np.count_nonzero(added & ~self.known.truth) > np.count_nonzero(added)
        wrong = self.known.wrong(now)
        for _ in range(NOTCHES):
            self.hand.notch(voxel, up=up)
            then = self.known.wrong(self._mask)
            if then > wrong:
                self.hand.notch(voxel, up=not up)
                break
            if self.known.good(self._mask):
                return
            wrong = then
        if self.known.wrong(self._mask) >= self.known.wrong(before):
            self.hand.press("u")
            self.hand.use("undo")

    def _smooth(self) -> None:
        before = self.known.wrong(self._mask)
        self.hand.press("s")
        self.hand.use("smooth")
        if self.known.wrong(self._mask) >= before:
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
        through = self.hand.screen.through
        a, b = (size for axis, size in enumerate(self.known.spacing) if axis != through)
        while not self._done:
            if self.hand.tally.strokes >= MOST_STROKES:
                return f"{MOST_STROKES} strokes were not enough"
            options = list(self._strokes((a, b)))
            if not options:
                return "no stroke mends more than it spoils"
            slice_, stroke = max(options, key=lambda one: one[1].gain / self.hand.seconds(one[1], one[0], (a, b)))
            before = self.known.wrong(self._mask)
            self.hand.paint(stroke, slice_, (a, b))
            if self.known.wrong(self._mask) >= before:
                return "a stroke mended nothing"
        return ""

    def _strokes(self, spacing: tuple[float, float]) -> Iterator[tuple[int, Stroke]]:
        mask, through = self._mask, self.hand.screen.through
        for at in np.flatnonzero((mask ^ self.known.truth).any(axis=tuple(axis for axis in range(3) if axis != through))):
            drawn, truth, free = (np.take(one, at, axis=through) for one in (mask, self.known.truth, self.known.free))
            key = np.packbits(drawn).tobytes()
            if self._plans.get(int(at), (b"", []))[0] != key:
                self._plans[int(at)] = (key, list(strokes(Slice(drawn, truth, free, spacing))))
            for stroke in self._plans[int(at)][1]:
                yield int(at), stroke


def parts(mask: Bool) -> list[Bool]:
    """Give the connected parts of a mask, the largest first."""
    numbers, count = label(mask, _TOUCHING)
    sizes: npt.NDArray[np.intp] = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    return [numbers == number + 1 for number in np.argsort(-sizes, kind="stable")]
