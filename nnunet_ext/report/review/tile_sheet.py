"""A sheet of tiles: windows of slices side by side, with the outlines as layers above the grey values."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final, Literal

import numpy as np
from PIL import Image

from nnunet_ext.report.line_styles import line_style
from nnunet_ext.report.planes import BoolArray, Role
from nnunet_ext.report.raster import Flat, Pixels, letter, windowed
from nnunet_ext.report.review.choose_slices import Range
from nnunet_ext.report.review.contours import Line, Point, contour_layer, outline, word_size
from nnunet_ext.report.review.shown_case import Cut

Kind = Literal["sagittal", "axial", "apart"]

AXIAL_EDGES: Final = ("R", "L", "A", "P")
SAGITTAL_EDGES: Final = ("A", "P", "S", "I")
GAP: Final = 2
"""Between tiles, in pixels."""

_TICK: Final = 6
_TEXT: Final = 12
_BESIDE: Final = 3.0  # from a lesion's outline to its number
_WINDOW_PERCENTILES: Final = (1.0, 99.5)
_QUALITY: Final = 80
_RAMP: Final = np.arange(256, dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Sheet:
    """One picture with its layers, all of one size.

    Parameters
    ----------
    kind
        `sagittal`, `axial`, or `apart`: what lies away from the cord.
    size
        Width and height in pixels.
    background
        Grey values with letters and slice numbers, a WebP.
    layers
        Whose outlines, with the numbers of lesions, and a transparent PNG.
    note
        What the picture leaves out, in a sentence; empty where nothing.
    lesions
        Numbers of the lesions that it shows.
    """

    kind: Kind
    size: tuple[int, int]
    background: bytes
    layers: tuple[tuple[Role, bytes], ...]
    note: str = ""
    lesions: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class Tile:
    """A window of one slice.

    Parameters
    ----------
    cut
        The slice.
    window
        What is shown: across and down, in voxels.
    place, size
        In pixels of the sheet.
    edges
        What lies to the left, right, top and bottom, such as R, L, A, P; None where it is not written.
    ticks
        Marks at the right edge, 0 the top and 1 the bottom.
    """

    cut: Cut
    window: tuple[Range, Range]
    place: tuple[int, int]
    size: tuple[int, int]
    edges: tuple[str, str, str, str] | None = None
    ticks: tuple[float, ...] = ()


def draw_sheet(kind: Kind, tiles: Sequence[Tile], note: str = "") -> Sheet:
    """Draw tiles, one at least, with one window of grey values for all; `note` says what they leave out."""
    width = max(tile.place[0] + tile.size[0] for tile in tiles)
    height = max(tile.place[1] + tile.size[1] for tile in tiles)
    paper = np.zeros((height, width), dtype=np.uint8)
    cut = [_cut(tile) for tile in tiles]
    bright = windowed(np.concatenate([one.ravel() for one in cut]), _WINDOW_PERCENTILES)
    start = 0
    for tile, values in zip(tiles, cut, strict=True):
        pixels = (bright[start : start + values.size].reshape(values.shape) * 255).astype(np.uint8)
        start += values.size
        _letter(pixels, tile)
        x, y = tile.place
        paper[y : y + tile.size[1], x : x + tile.size[0]] = pixels
    written = BytesIO()
    Image.fromarray(paper).save(written, format="WEBP", quality=_QUALITY, method=4)
    words = tuple(word for tile in tiles for word in _words(tile))
    layers = tuple(
        (role, contour_layer((width, height), _lines(tiles, role, words), dashed=role == "prediction"))
        for role in tiles[0].cut.masks
    )
    shown = frozenset(int(text) for text, _ in words)
    return Sheet(kind, (width, height), written.getvalue(), layers, note, shown)


def _cut(tile: Tile) -> Flat:
    """Magnify the window; what lies outside of the image is black."""
    (left, right), (top, bottom) = tile.window
    columns, rows = tile.cut.values.shape
    before = max(int(np.ceil(-left)), int(np.ceil(-top)), 0)
    after = max(int(np.ceil(right)) - columns, int(np.ceil(bottom)) - rows, 0)
    lowest = float(tile.cut.values.min()) if tile.cut.values.size else 0.0
    padded = np.pad(tile.cut.values, (before, after), constant_values=lowest)
    box = (left + before, top + before, right + before, bottom + before)
    picture = Image.fromarray(np.ascontiguousarray(padded.T)).resize(tile.size, Image.Resampling.BICUBIC, box=box)
    return np.asarray(picture, dtype=np.float32)


def _letter(pixels: Pixels, tile: Tile) -> None:
    height, width = pixels.shape
    letter(pixels, str(tile.cut.number), (4, 2), _RAMP, _TEXT)
    if tile.edges:
        left, right, top, bottom = tile.edges
        letter(pixels, left, (4, height // 2 - 7), _RAMP, _TEXT)
        letter(pixels, right, (width - 13, height // 2 - 7), _RAMP, _TEXT)
        letter(pixels, top, (width // 2 - 4, 2), _RAMP, _TEXT)
        letter(pixels, bottom, (width // 2 - 4, height - 18), _RAMP, _TEXT)
    for tick in tile.ticks:  # at the back edge: where the axial slices lie
        row = min(int(tick * height), height - 1)
        pixels[row, -_TICK:] = 255


def _lines(tiles: Sequence[Tile], role: Role, words: tuple[tuple[str, Point], ...]) -> list[Line]:
    lines = []
    last = len(tiles[0].cut.masks[role]) - 1
    for number in range(last + 1):
        loops = tuple(loop for tile in tiles for loop in _loops(tile, tile.cut.masks[role][number]))
        style = line_style(role, number)
        beside = words if role == "prediction" and number == last else ()
        lines.append(Line(loops, style.colour, style.width, style.dash, beside))
    return lines


def _words(tile: Tile) -> list[tuple[str, Point]]:
    """Put the number of each lesion beside it, where no other number is."""
    if tile.cut.lesions is None or "prediction" not in tile.cut.masks:
        return []
    words: list[tuple[str, Point]] = []
    taken: list[tuple[float, float, float, float]] = []
    for number in np.unique(tile.cut.lesions[tile.cut.lesions > 0]).tolist():
        corners = [point for loop in _loops(tile, tile.cut.lesions == number) for point in loop]
        columns, rows = [x for x, _ in corners], [y for _, y in corners]
        if not corners or max(columns) - min(columns) < 1 or max(rows) - min(rows) < 1:
            continue  # the window cuts it off
        place = _free_place(tile, word_size(str(number)), (min(columns), min(rows), max(columns), max(rows)), taken)
        taken.append((*place, *word_size(str(number))))
        words.append((str(number), place))
    return words


def _free_place(
    tile: Tile,
    size: tuple[int, int],
    box: tuple[float, float, float, float],
    taken: Sequence[tuple[float, float, float, float]],
) -> Point:
    """Choose a corner of the box around a lesion: the first that lies in the tile and upon no other number."""
    (width, height), (left, top, right, bottom) = size, box
    lowest, highest = tile.place, (tile.place[0] + tile.size[0] - width, tile.place[1] + tile.size[1] - height)
    asked = [
        (x, y) for x in (right + _BESIDE, left - _BESIDE - width) for y in (top - height, bottom, (top + bottom) / 2)
    ]
    places = [(min(max(x, lowest[0]), highest[0]), min(max(y, lowest[1]), highest[1])) for x, y in asked]
    free = [
        (x, y)
        for x, y in places
        if not any(x < a + w and a < x + width and y < b + h and b < y + height for a, b, w, h in taken)
    ]
    inside = [place for place in free if place in asked]
    return (inside or free or places)[0]


def _loops(tile: Tile, mask: BoolArray) -> list[tuple[Point, ...]]:
    """Give the outlines in pixels of the sheet; the window cuts the mask, which then ends at its edge."""
    (left, right), (top, bottom) = tile.window
    columns = slice(max(int(np.floor(left)), 0), max(int(np.ceil(right)), 0))
    rows = slice(max(int(np.floor(top)), 0), max(int(np.ceil(bottom)), 0))
    scale = tile.size[0] / (right - left), tile.size[1] / (bottom - top)
    x0, y0 = tile.place
    highest = x0 + tile.size[0] - 1, y0 + tile.size[1] - 1
    return [
        tuple(
            (
                min(max(x0 + (x + columns.start - left) * scale[0], x0), highest[0]),
                min(max(y0 + (y + rows.start - top) * scale[1], y0), highest[1]),
            )
            for x, y in loop
        )
        for loop in outline(mask[columns, rows])
    ]
