"""A picture of its own for what lies away from the cord, drawn where it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.report.planes import BoolArray, RegionMasks
from nnunet_ext.report.review.choose_slices import Range
from nnunet_ext.report.review.cord_centres import cord_centres
from nnunet_ext.report.review.sheets import AXIAL_MM, AXIAL_PIXELS, COLUMNS
from nnunet_ext.report.review.shown_case import ShownCase
from nnunet_ext.report.review.tile_sheet import AXIAL_EDGES, GAP, SAGITTAL_EDGES, Sheet, Tile, draw_sheet

_MOST: Final = 2 * COLUMNS
_WIDTH_MM: Final = 56.0  # twice that of an axial picture: where in the body it lies has to be seen
_MARGIN_MM: Final = 8.0
_TOUCHING: Final = np.ones((3, 3, 3), dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A part of the masks: its box, and its voxels in it."""

    box: tuple[slice, ...]
    own: BoolArray


def apart_sheet(
    image: Volume, regions: Mapping[str, RegionMasks], shown: frozenset[int] = frozenset(), lesions: Array | None = None
) -> Sheet | None:
    """Draw each piece that lies away from the cord, in an axial slice and below it a sagittal one.

    Parameters
    ----------
    image, regions, lesions
        As for `case_sheets`.
    shown
        Numbers of lesions that other pictures show; those of `lesions` that none shows stand here, too.

    Returns
    -------
    Sheet
        The largest pieces first, 14 at most; its note says how many there are. None where nothing lies apart. Each
        picture is 56 mm wide, or as wide as the piece needs.
    """
    case = ShownCase.of(image, regions, lesions)
    pieces = _pieces(_apart(case))
    drawn = pieces[:_MOST]
    tiles = [tile for number, piece in enumerate(drawn) for tile in _tiles(case, piece, number)]
    if case.lesions is not None:
        seen = shown | (draw_sheet("apart", tiles).lesions if tiles else frozenset())
        missing = [number for number in np.unique(case.lesions[case.lesions > 0]).tolist() if number not in seen]
        for number in missing[: _MOST - len(drawn)]:
            tiles += _tiles(case, _pieces(case.lesions == number)[0], len(tiles) // 2)
    if not tiles:
        return None
    note = f"{len(drawn)} of {len(pieces)} pieces that lie apart from the cord" if pieces else ""
    return draw_sheet("apart", tiles, note)


def _apart(case: ShownCase) -> BoolArray:
    """Find what is not connected with the cord, and what of it no axial picture could show: a leak into the fat."""
    joined: BoolArray = np.logical_or.reduce([np.zeros(case.image.data.shape, dtype=np.bool_), *case.joined])
    if not joined.any():
        return joined
    body = case.anchor.body
    far = np.zeros_like(body)
    centres = cord_centres(case.anchor.guide, body, case.image.spacing)
    for axis, size in enumerate(case.image.spacing[:2]):
        places = np.arange(body.shape[axis])[:, np.newaxis] + 0.5
        beyond = abs(places - centres[:, axis]) * size > AXIAL_MM / 2
        far |= np.expand_dims(beyond, 1 - axis)
    return joined & (far | ~body)


def _pieces(mask: BoolArray) -> list[_Piece]:
    numbers, _ = ndimage.label(mask, _TOUCHING)
    boxes = ndimage.find_objects(numbers)
    pieces = [_Piece(box, numbers[box] == number) for number, box in enumerate(boxes, start=1)]
    return sorted(pieces, key=lambda piece: -np.count_nonzero(piece.own))


def _tiles(case: ShownCase, piece: _Piece, number: int) -> tuple[Tile, Tile]:
    """Cut the axial and the sagittal slice that show most of a piece, of its lesion where it has one."""
    inner = piece.own & case.joined[-1][piece.box]
    most = inner if inner.any() else piece.own
    level = piece.box[2].start + int(np.argmax(np.count_nonzero(most, axis=(0, 1))))
    index = piece.box[0].start + int(np.argmax(np.count_nonzero(most, axis=(1, 2))))
    across, along, up = (_window(side, size) for side, size in zip(piece.box, case.image.spacing, strict=True))
    _, length, top = case.image.data.shape
    row, column = divmod(number, COLUMNS)
    left = column * (AXIAL_PIXELS + GAP)
    upper, lower = (step * (AXIAL_PIXELS + GAP) for step in (2 * row, 2 * row + 1))
    axial = Tile(
        cut=case.axial(level),
        window=_square(across, _flipped(along, length), (case.image.spacing[0], case.image.spacing[1])),
        place=(left, upper),
        size=(AXIAL_PIXELS, AXIAL_PIXELS),
        edges=None if number else AXIAL_EDGES,
    )
    sagittal = Tile(
        cut=case.sagittal(index),
        window=_square(_flipped(along, length), _flipped(up, top), (case.image.spacing[1], case.image.spacing[2])),
        place=(left, lower),
        size=(AXIAL_PIXELS, AXIAL_PIXELS),
        edges=None if number else SAGITTAL_EDGES,
    )
    return axial, sagittal


def _window(side: slice, size: float) -> Range:
    margin = _MARGIN_MM / size
    return side.start - margin, side.stop + margin


def _flipped(window: Range, length: int) -> Range:
    return length - window[1], length - window[0]


def _square(across: Range, down: Range, spacing: tuple[float, float]) -> tuple[Range, Range]:
    """Widen a window to a square of 56 mm at least, around the same middle."""
    sides = [(ends[1] - ends[0]) * size for ends, size in zip((across, down), spacing, strict=True)]
    half = max(_WIDTH_MM, *sides) / 2
    first, second = (
        (sum(ends) / 2 - half / size, sum(ends) / 2 + half / size)
        for ends, size in zip((across, down), spacing, strict=True)
    )
    return first, second
