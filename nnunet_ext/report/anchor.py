"""What the pictures of a case are centred on, and what lies apart from it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from nnunet_ext.core.volume import Array
from nnunet_ext.report.planes import BoolArray, RegionMasks

_TOUCHING: Final = np.ones((3, 3, 3), dtype=np.bool_)
_GOES_ON_MM: Final = 60.0  # the widest gap of a cord that is drawn in pieces
_SIDEWAYS_MM: Final = 8.0  # that its pieces may be out of line, and half as much again as the gap
_SHORTEST_MM: Final = 10.0  # of such a piece


@dataclass(frozen=True, eq=False)
class Anchor:
    """The cord of a case, as far as its masks tell.

    Parameters
    ----------
    guide
        What is taken for the cord: the reference, else the largest tube of the prediction.
    body
        The guide with all that touches it, of either role and any region.
    """

    guide: BoolArray
    body: BoolArray


def find_anchor(shape: Sequence[int], spacing: Sequence[float], regions: Sequence[RegionMasks]) -> Anchor:
    """Find what the pictures are centred on.

    Parameters
    ----------
    shape, spacing
        Of a volume with axes left-right, back-front and down-up (either way each), in mm.
    regions
        Its masks, from the outermost region (the cord) to the innermost (the lesion).

    Returns
    -------
    Anchor
        The guide is the outermost region of the reference that is not empty. Without one it is that of the prediction,
        and of its pieces the one that reaches over most slices, however large a blob lies beside it, with those that go
        on in its line above and below. Both are empty where all masks are.
    """
    nothing = np.zeros(tuple(shape), dtype=np.bool_)
    drawn = next((of["reference"] for of in regions if "reference" in of and of["reference"].any()), None)
    guessed = next((of["prediction"] for of in regions if "prediction" in of and of["prediction"].any()), None)
    if drawn is None and guessed is None:
        return Anchor(nothing, nothing)
    guide = drawn if drawn is not None else _tube(guessed if guessed is not None else nothing, spacing)
    joined: BoolArray = np.logical_or.reduce([mask for of in regions for mask in of.values()])
    numbers, _ = ndimage.label(joined, _TOUCHING)
    touching = np.unique(numbers[guide])
    return Anchor(guide, np.isin(numbers, touching[touching > 0]))


@dataclass(frozen=True)
class _Piece:
    """A connected piece: its number, its first and last slice, and its centre in either, across and along."""

    number: int
    first: int
    last: int
    voxels: int
    ends: tuple[tuple[float, float], tuple[float, float]]


def _tube(mask: BoolArray, spacing: Sequence[float]) -> BoolArray:
    numbers, _ = ndimage.label(mask, _TOUCHING)
    pieces = [_piece(numbers, index, box) for index, box in enumerate(ndimage.find_objects(numbers), start=1)]
    longest = max(pieces, key=lambda piece: (piece.last - piece.first, piece.voxels))
    chosen = {longest.number: longest}
    others = [piece for piece in pieces if (piece.last - piece.first + 1) * spacing[2] >= _SHORTEST_MM]
    others.sort(key=lambda piece: max(piece.first - longest.last, longest.first - piece.last))  # the nearest first
    grows = True
    while grows:
        following = next((piece for piece in others if _goes_on(piece, chosen, spacing)), None)
        grows = following is not None
        if following is not None:
            chosen[following.number] = following
    return np.isin(numbers, list(chosen))


def _piece(numbers: Array, number: int, box: tuple[slice, ...]) -> _Piece:
    own = numbers[box] == number
    across, along = box[0].start, box[1].start
    ends = [np.argwhere(own[:, :, level]).mean(axis=0) for level in (0, -1)]
    low, high = ((float(x) + across, float(y) + along) for x, y in ends)
    return _Piece(number, box[2].start, box[2].stop - 1, int(np.count_nonzero(own)), (low, high))


def _goes_on(piece: _Piece, chosen: dict[int, _Piece], spacing: Sequence[float]) -> bool:
    """Tell whether a piece continues the chosen ones: no slice in common, a small gap, and in their line."""
    if piece.number in chosen or any(piece.first <= one.last and one.first <= piece.last for one in chosen.values()):
        return False
    top, bottom = max(chosen.values(), key=lambda one: one.last), min(chosen.values(), key=lambda one: one.first)
    if piece.first > top.last:
        gap, here, there = piece.first - top.last, top.ends[1], piece.ends[0]
    elif piece.last < bottom.first:
        gap, here, there = bottom.first - piece.last, bottom.ends[0], piece.ends[1]
    else:
        return False
    sideways = math.dist(*([value * size for value, size in zip(end, spacing, strict=False)] for end in (here, there)))
    return gap * spacing[2] <= _GOES_ON_MM and sideways <= _SIDEWAYS_MM + gap * spacing[2] / 2
