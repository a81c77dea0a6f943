"""Outlines of masks as a transparent picture that lies over a slice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw, ImageFont

from nnunet_ext.report.planes import BoolArray
from nnunet_ext.report.raster import Pixels

Point = tuple[float, float]

_FINER: Final = 4  # drawn this many times larger, then averaged: smooth lines
_LINE: Final = 1.75  # pixels
_CASING: Final = 1.9  # wider than the line: a dark border lets light lines stand on bright fluid
_DASH: Final = (6.0, 6.0)  # pixels drawn and left out
_LEVELS: Final = 7  # of opacity
_CASING_OPACITY: Final = 0.55
_TEXT: Final = 15
_STROKE: Final = 2


@dataclass(frozen=True, eq=False)
class Line:
    """The outlines of one region on a picture.

    Parameters
    ----------
    loops
        Closed lines, in pixels (column, row) from the upper left corner.
    colour
        Such as `#E69F00`.
    width
        In pixels.
    dash
        Pixels drawn and left out in turn, where the line is broken.
    words
        Texts beside the lines, and the left upper corner of each.
    """

    loops: tuple[tuple[Point, ...], ...]
    colour: str
    width: float = _LINE
    dash: tuple[float, ...] = _DASH
    words: tuple[tuple[str, Point], ...] = ()


def outline(mask: BoolArray) -> Iterator[list[tuple[int, int]]]:
    """Follow the edges of a mask's voxels.

    Parameters
    ----------
    mask
        Shape (columns, rows). An empty one has no line.

    Yields
    ------
    list
        The corners of a closed line, in voxel edges: the first voxel reaches from 0 to 1. Holes have lines of their
        own, and so have parts that touch at corners.
    """
    padded = np.pad(mask, 1)
    follows: dict[tuple[int, int], list[tuple[int, int]]] = {}
    # Each edge is walked with the mask on the same side, so that the edges join into loops.
    for (dx, dy), start, end in (
        ((-1, 0), (0, 1), (0, 0)), ((1, 0), (1, 0), (1, 1)), ((0, -1), (0, 0), (1, 0)), ((0, 1), (1, 1), (0, 1)),
    ):  # fmt: skip
        neighbour = np.roll(padded, (-dx, -dy), axis=(0, 1))
        for x, y in zip(*np.nonzero(padded & ~neighbour), strict=True):
            x0, y0 = int(x) - 1, int(y) - 1
            follows.setdefault((x0 + start[0], y0 + start[1]), []).append((x0 + end[0], y0 + end[1]))
    while follows:
        first = next(iter(follows))
        loop, here = [first], first
        while True:
            ends = follows[here]
            there = ends.pop()
            if not ends:
                del follows[here]
            if there == first:
                break
            loop.append(there)
            here = there
        yield loop


def contour_layer(size: tuple[int, int], lines: Sequence[Line], *, dashed: bool) -> bytes:
    """Draw outlines into a PNG that is transparent elsewhere.

    Parameters
    ----------
    size
        Width and height in pixels.
    lines
        Later ones lie above earlier ones.
    dashed
        Whether they are broken.

    Returns
    -------
    bytes
        A palette PNG; of the same size with no line at all.
    """
    casing = np.zeros(size[::-1], dtype=np.float32)
    for line in lines:
        dark = _coverage(size, line, _CASING, dashed=dashed) * np.float32(_CASING_OPACITY)
        casing = np.maximum(casing, np.maximum(dark, _lettered(size, line, _STROKE)))
    pixels = np.rint(casing * _LEVELS).astype(np.uint8)
    bright = [_coverage(size, line, dashed=dashed) for line in lines] + [_lettered(size, line) for line in lines]
    for number, one in zip([*range(1, len(lines) + 1)] * 2, bright, strict=True):
        covered = np.rint(one * _LEVELS).astype(np.uint8)
        drawn = covered > 1
        pixels[drawn] = number * _LEVELS + covered[drawn]
    return _png(pixels, [line.colour for line in lines])


def word_size(text: str) -> tuple[int, int]:
    """Give width and height of a text beside a line, in pixels."""
    left, top, right, bottom = ImageFont.load_default(_TEXT).getbbox(text, stroke_width=_STROKE)
    return round(right - left), round(bottom - top)


def _lettered(size: tuple[int, int], line: Line, stroke: int = 0) -> npt.NDArray[np.float32]:
    paper = Image.new("L", size)
    drawing, font = ImageDraw.Draw(paper), ImageFont.load_default(_TEXT)
    for text, place in line.words:
        drawing.text(place, text, fill=255, font=font, anchor="lt", stroke_width=stroke)
    return np.asarray(paper, dtype=np.float32) / np.float32(255)


def _coverage(size: tuple[int, int], line: Line, wider: float = 0.0, *, dashed: bool) -> npt.NDArray[np.float32]:
    paper = Image.new("L", (size[0] * _FINER, size[1] * _FINER))
    drawing = ImageDraw.Draw(paper)
    for loop in line.loops:
        closed = [(x * _FINER, y * _FINER) for x, y in (*loop, loop[0])]
        for piece in _dashes(closed, line.dash) if dashed else [closed]:
            drawing.line(piece, fill=255, width=round((line.width + wider) * _FINER), joint="curve")
    # A line one pixel wide would seldom cover a pixel whole: it is drawn a little stronger than it covers.
    small = np.asarray(paper.reduce(_FINER), dtype=np.float32) / 255
    stronger: npt.NDArray[np.float32] = np.minimum(small * 1.25, 1)
    return stronger


def _dashes(points: Sequence[Point], dash: Sequence[float]) -> Iterator[list[Point]]:
    """Cut a line into dashes."""
    drawn, number = True, 0
    left = dash[0] * _FINER
    piece = [points[0]]
    for start, end in pairwise(points):
        here = np.asarray(start, dtype=float)
        step = np.asarray(end, dtype=float) - here
        length = float(np.hypot(*step))
        walked = 0.0
        while length - walked > left:
            walked += left
            at = here + step * (walked / length)
            if drawn:
                yield [*piece, (float(at[0]), float(at[1]))]
            number += 1
            drawn, left, piece = not drawn, dash[number % len(dash)] * _FINER, [(float(at[0]), float(at[1]))]
        left -= length - walked
        piece.append(end)
    if drawn and len(piece) > 1:
        yield piece


def _png(pixels: Pixels, colours: Sequence[str]) -> bytes:
    levels = range(1, _LEVELS + 1)
    opacity = [0] + [round(255 * level / _LEVELS) for _ in range(len(colours) + 1) for level in levels]
    palette = [0, 0, 0] + [part for one in ("#000000", *colours) for _ in levels for part in ImageColor.getrgb(one)]
    picture = Image.fromarray(pixels, "P")
    picture.putpalette(palette)
    written = BytesIO()
    bits = 4 if len(opacity) <= 16 else 8
    picture.save(written, format="PNG", compress_level=9, transparency=bytes(opacity), bits=bits)
    return written.getvalue()
