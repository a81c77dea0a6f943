"""Strokes that mend what is wrong in one slice: a brush pulled along a line, as a person would pull it."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label

Bool = npt.NDArray[np.bool_]
Place = tuple[int, int]

SIZES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Diameters in mm that the keys of the desk step through, up to where a cord is wide."""

_SPILLED = 0.34  # of what a place of the brush mends, at most so much may be spoiled beside it
_TOUCHING = np.ones((3, 3), np.int8)


@dataclass(frozen=True)
class Slice:
    """What a rater sees of a slice, and knows of it; shapes (a, b), the file's other two axes in their order.

    Parameters
    ----------
    drawn
        The mask.
    truth
        What it should be.
    free
        Where the brush paints: it is held to the cord.
    spacing
        In mm.
    """

    drawn: Bool
    truth: Bool
    free: Bool
    spacing: tuple[float, float]

    def gain(self, painted: Bool, *, erase: bool) -> int:
        """Give the voxels that become right less those that become wrong."""
        changed = painted & (self.drawn if erase else ~self.drawn & self.free)
        right = changed & (self.truth != erase)
        return int(np.count_nonzero(right)) - int(np.count_nonzero(changed & ~right))


@dataclass(frozen=True)
class Stroke:
    """A brush or an eraser, pulled.

    Parameters
    ----------
    erase
        Which.
    size
        Its diameter in mm.
    corners
        Of the line, in voxels of the slice.
    gain
        See `Slice.gain`.
    """

    erase: bool
    size: float
    corners: tuple[Place, ...]
    gain: int

    def length(self, spacing: tuple[float, float]) -> float:
        """Give the line's length in mm."""
        steps = np.diff(np.array(self.corners, float) * spacing, axis=0)
        return float(np.hypot(*steps.T).sum()) if len(steps) else 0.0


def strokes(seen: Slice) -> Iterator[Stroke]:
    """Give strokes that each mend more than they spoil: for each piece that is wrong one with each size of brush."""
    wrong = (seen.drawn ^ seen.truth) & (seen.drawn | seen.free)
    if not wrong.any():
        return
    cut, low = _around(wrong, seen.spacing)
    near = Slice(seen.drawn[cut], seen.truth[cut], seen.free[cut], seen.spacing)
    for erase in (False, True):
        pieces, count = label(wrong[cut] & (near.drawn == erase), _TOUCHING)
        for number in range(1, count + 1):
            piece = pieces == number
            wide = max(np.ptp(at) * step + step for at, step in zip(np.nonzero(piece), seen.spacing, strict=True))
            for size in SIZES:
                if size == SIZES[0] or min(seen.spacing) / 2 < size <= 2 * wide:
                    stroke = _along(near, piece, size, erase=erase)
                    if stroke is not None and stroke.gain > 0:
                        yield replace(stroke, corners=tuple((a + low[0], b + low[1]) for a, b in stroke.corners))


def _around(wrong: Bool, spacing: tuple[float, float]) -> tuple[tuple[slice, slice], Place]:
    """Cut out what the largest brush may touch."""
    inside = [np.flatnonzero(wrong.any(axis=1 - axis)) for axis in (0, 1)]
    reach = [int(SIZES[-1] / step) + 1 for step in spacing]
    low = [max(0, int(at[0]) - wide) for at, wide in zip(inside, reach, strict=True)]
    high = [int(at[-1]) + wide + 1 for at, wide in zip(inside, reach, strict=True)]
    return (slice(low[0], high[0]), slice(low[1], high[1])), (low[0], low[1])


def swept(corners: Sequence[Place], size: float, shape: Place, spacing: tuple[float, float]) -> Bool:
    """Mark the voxels that a brush of a diameter in mm passes over: as the desk does, those of the line among them."""
    painted = np.zeros(shape, np.bool_)
    index = np.indices(shape).astype(float)
    for start, end in zip(corners, corners[1:] or corners[:1], strict=False):
        painted |= _capsule(index, start, end, size, spacing)
        for step in np.linspace(0, 1, 4 * max(abs(end[0] - start[0]), abs(end[1] - start[1])) + 1):
            painted[
                _rounded(start[0] + step * (end[0] - start[0])), _rounded(start[1] + step * (end[1] - start[1]))
            ] = True
    return painted


def _rounded(value: float) -> int:
    return int(np.floor(value + 0.5))  # as a browser rounds


def _capsule(
    index: npt.NDArray[np.float64], start: Place, end: Place, size: float, spacing: tuple[float, float]
) -> Bool:
    scale = np.array(spacing)
    way = (np.array(end) - start) * scale
    off = (index - np.array(start)[:, None, None]) * scale[:, None, None]
    length = float(way @ way)
    along = np.clip((off * way[:, None, None]).sum(axis=0) / length, 0, 1) if length else np.zeros(index.shape[1:])
    apart = np.hypot(off[0] - along * way[0], off[1] - along * way[1])
    return np.asarray(apart <= size / 2)


def _along(seen: Slice, piece: Bool, size: float, *, erase: bool) -> Stroke | None:
    """Pull a brush of this size over a piece, by places where it spoils little."""
    reach = [int(size / 2 / step) + 1 for step in seen.spacing]
    inside = [np.flatnonzero(piece.any(axis=1 - axis)) for axis in (0, 1)]
    low = [max(0, int(at[0]) - wide) for at, wide in zip(inside, reach, strict=True)]
    high = [min(side, int(at[-1]) + wide + 1) for at, wide, side in zip(inside, reach, piece.shape, strict=True)]
    window = tuple(slice(first, last) for first, last in zip(low, high, strict=True))
    mended = _discs(piece, window, size, seen.spacing)
    spoiled = _discs(
        seen.drawn & seen.truth if erase else ~seen.drawn & ~seen.truth & seen.free, window, size, seen.spacing
    )
    fit = (mended.sum(axis=1) > 0) & (spoiled.sum(axis=1) <= _SPILLED * mended.sum(axis=1))
    if not fit.any():
        return None
    shape = (high[0] - low[0], high[1] - low[1])
    stops = _stops(mended, spoiled, fit, shape)
    line = _simplified(_walked(stops, fit.reshape(shape)), fit.reshape(shape))
    corners = tuple((int(a) + low[0], int(b) + low[1]) for a, b in line)
    painted = swept(corners, size, (piece.shape[0], piece.shape[1]), seen.spacing)
    return Stroke(erase, size, corners, seen.gain(painted, erase=erase))


def _discs(mask: Bool, window: tuple[slice, ...], size: float, spacing: tuple[float, float]) -> Bool:
    """Give for each place of the window (rows) the voxels of a mask (columns) that the brush covers there."""
    places = np.argwhere(np.ones([part.stop - part.start for part in window], np.bool_)) + [
        part.start for part in window
    ]
    voxels = np.argwhere(mask)
    near = np.all((voxels >= places[0] - 20) & (voxels <= places[-1] + 20), axis=1)
    voxels = voxels[near]
    apart = (places[:, None] - voxels[None]) * np.array(spacing)
    return np.asarray((np.hypot(apart[..., 0], apart[..., 1]) <= size / 2) | (apart == 0).all(axis=2))


def _stops(mended: Bool, spoiled: Bool, fit: Bool, shape: Place) -> list[Place]:
    """Choose places one after the other, each for what it mends beyond those before."""
    pieces, _ = label(fit.reshape(shape), _TOUCHING)
    flat = pieces.ravel()
    best = max(range(1, int(flat.max()) + 1), key=lambda n: int(mended[flat == n].any(axis=0).sum()))
    allowed = flat == best
    done, harmed = np.zeros(mended.shape[1], np.bool_), np.zeros(spoiled.shape[1], np.bool_)
    stops: list[Place] = []
    while True:
        more = (mended & ~done).sum(axis=1) - (spoiled & ~harmed).sum(axis=1)
        more[~allowed] = 0
        at = int(more.argmax())
        if more[at] <= 0:
            return _in_order(stops)
        done |= mended[at]
        harmed |= spoiled[at]
        stops.append((at // shape[1], at % shape[1]))


def _in_order(stops: list[Place]) -> list[Place]:
    """From one end to the nearest next one, again and again."""
    if len(stops) < 3:
        return stops
    left = np.array(stops, float)
    at = int(((left - left.mean(axis=0)) ** 2).sum(axis=1).argmax())
    order: list[Place] = []
    while len(left):
        here = left[at]
        order.append((int(here[0]), int(here[1])))
        left = np.delete(left, at, axis=0)
        if len(left):
            at = int(((left - here) ** 2).sum(axis=1).argmin())
    return order


def _walked(stops: Sequence[Place], fit: Bool) -> list[Place]:
    """Join stops over places that fit."""
    line = list(stops[:1])
    for stop in stops[1:]:
        line += _shortest(line[-1], stop, fit)
    return line


def _shortest(start: Place, end: Place, fit: Bool) -> list[Place]:
    came: dict[Place, Place] = {start: start}
    queue = deque([start])
    while queue and end not in came:
        here = queue.popleft()
        for step in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
            there = (here[0] + step[0], here[1] + step[1])
            if 0 <= there[0] < fit.shape[0] and 0 <= there[1] < fit.shape[1] and fit[there] and there not in came:
                came[there] = here
                queue.append(there)
    back = [end]
    while back[-1] != start:
        back.append(came[back[-1]])
    return back[-2::-1]


def _simplified(line: list[Place], fit: Bool) -> list[Place]:
    """Leave out corners where the straight way passes over places that fit, near the line."""
    kept = line[:1]
    at = 0
    while at < len(line) - 1:
        ahead = next(n for n in range(len(line) - 1, at, -1) if n == at + 1 or _straight(line, at, n, fit))
        kept.append(line[ahead])
        at = ahead
    return kept


def _straight(line: list[Place], start: int, end: int, fit: Bool) -> bool:
    (a, b), (c, d) = line[start], line[end]
    steps = np.linspace(0, 1, 2 * max(abs(c - a), abs(d - b)) + 1)
    places = np.stack([a + steps * (c - a), b + steps * (d - b)], axis=1)
    between = np.array(line[start : end + 1], float)
    apart = np.abs(between[:, None] - places[None]).max(axis=2).min(axis=1)
    rounded = np.floor(places + 0.5).astype(int)
    return bool(apart.max() <= 0.75 and fit[rounded[:, 0], rounded[:, 1]].all())
