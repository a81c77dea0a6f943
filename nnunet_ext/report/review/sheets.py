"""The pictures of one case: a mosaic of axial slices and a row of sagittal ones, with the outlines as layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final, Literal

import numpy as np
from PIL import Image

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.biomarkers.body_frame import ACROSS, UPRIGHT, BodyFrame
from nnunet_ext.report.colours import PREDICTION_COLOURS, REFERENCE_COLOURS
from nnunet_ext.report.planes import BoolArray, RegionMasks, Role
from nnunet_ext.report.raster import Flat, Pixels, letter, windowed
from nnunet_ext.report.region_names import region_name
from nnunet_ext.report.review.choose_slices import Range, Slices, choose_slices
from nnunet_ext.report.review.contours import Line, Point, contour_layer, outline

_DISPLAY_AXES: Final = "LAS"  # the patient's right is on the left of an axial picture, as in a reading room
_AXIAL_MM: Final = 28.0
_AXIAL_PIXELS: Final = 160
_AXIAL_COLUMNS: Final = 7
_SAGITTAL_WIDTH: Final = 1134  # of the whole row, as wide as the mosaic
_SAGITTAL_HEIGHT: Final = 430
_GAP: Final = 2
_TICK: Final = 6
_TEXT: Final = 12
_WINDOW_PERCENTILES: Final = (1.0, 99.5)
_QUALITY: Final = 80
_RAMP: Final = np.arange(256, dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Sheet:
    """One picture with its layers, all of one size.

    Parameters
    ----------
    kind
        `sagittal` or `axial`.
    size
        Width and height in pixels.
    background
        Grey values with letters and slice numbers, a WebP.
    layers
        Whose outlines, and a transparent PNG.
    note
        What the picture leaves out, in a sentence; empty where nothing.
    """

    kind: Literal["sagittal", "axial"]
    size: tuple[int, int]
    background: bytes
    layers: tuple[tuple[Role, bytes], ...]
    note: str = ""


@dataclass(frozen=True, eq=False)
class _Tile:
    """A window of one slice, columns first, the top row first; `window` in voxels across and down."""

    values: Flat
    masks: Mapping[Role, tuple[BoolArray, ...]]
    window: tuple[Range, Range]
    place: tuple[int, int]
    size: tuple[int, int]
    corner: str
    ticks: tuple[float, ...] = ()


def case_sheets(image: Volume, regions: Mapping[str, RegionMasks]) -> tuple[Sheet, Sheet]:
    """Draw a row of sagittal slices and a mosaic of axial ones.

    Parameters
    ----------
    image
        Any orientation and spacing; it is turned, and shown in its true proportions. Where there is no image, zeros.
    regions
        Name to masks of the image's shape (i, j, k), from the outermost region (`sc`) to the innermost (`lesion`).
        `choose_slices` says which slices that gives. Empty masks have no outline.

    Returns
    -------
    tuple of Sheet
        Sagittal (front on the left), axial (28 mm around the cord's centre, the patient's right on the left). Numbers
        are those of the slice along the file's own axis, from 0. Reference: full lines in blue and purple; prediction:
        dashed lines in orange and yellow.

    Raises
    ------
    DataRefusedError
        Where a mask has another shape than the image.
    """
    shown = reorient(image, _DISPLAY_AXES)
    masks = _turned(image, regions)
    joined = [_union([of[number] for of in masks.values()], shown.data.shape) for number in range(len(regions))]
    slices = choose_slices(shown.data.shape, shown.spacing, joined)
    frame = BodyFrame.of(image)
    axial, sagittal = _axial(shown, masks, slices, frame), _sagittal(shown, masks, slices, frame)
    colours = {"reference": REFERENCE_COLOURS, "prediction": PREDICTION_COLOURS}
    return (
        _sheet("sagittal", sagittal, colours),
        _sheet("axial", axial, colours, _left_out(joined, list(regions), slices, shown.spacing)),
    )


def _turned(image: Volume, regions: Mapping[str, RegionMasks]) -> dict[Role, tuple[BoolArray, ...]]:
    """Turn all masks to the display axes; of a role that has none at all there is no entry."""
    turned: dict[Role, tuple[BoolArray, ...]] = {}
    roles: tuple[Role, Role] = ("reference", "prediction")
    for role in roles:
        masks = [of.get(role) for of in regions.values()]
        if all(mask is None for mask in masks):
            continue
        for region, mask in zip(regions, masks, strict=True):
            if mask is not None and mask.shape != image.data.shape:
                raise DataRefusedError(
                    f"region {region}: a mask on the image's grid {image.data.shape} was needed, found {mask.shape}"
                )
        whole = [np.zeros(image.data.shape, dtype=np.bool_) if mask is None else mask for mask in masks]
        turned[role] = tuple(
            reorient(Volume(mask, image.affine), _DISPLAY_AXES).data.astype(np.bool_) for mask in whole
        )
    return turned


def _union(masks: Sequence[BoolArray], shape: tuple[int, ...]) -> BoolArray:
    return np.logical_or.reduce(masks) if masks else np.zeros(shape, dtype=np.bool_)


def _axial(shown: Volume, masks: Mapping[Role, tuple[BoolArray, ...]], slices: Slices, frame: BodyFrame) -> list[_Tile]:
    across, along, _ = shown.spacing
    tiles = []
    for number, (level, (x, y)) in enumerate(zip(slices.axial, slices.centres, strict=True)):
        half = (_AXIAL_MM / 2 / across, _AXIAL_MM / 2 / along)
        down = shown.data.shape[1] - y  # the front is at the top, so rows run backwards
        row, column = divmod(number, _AXIAL_COLUMNS)
        tiles.append(
            _Tile(
                values=shown.data[:, ::-1, level].astype(np.float32),
                masks={role: tuple(mask[:, ::-1, level] for mask in of) for role, of in masks.items()},
                window=((x - half[0], x + half[0]), (down - half[1], down + half[1])),
                place=(column * (_AXIAL_PIXELS + _GAP), row * (_AXIAL_PIXELS + _GAP)),
                size=(_AXIAL_PIXELS, _AXIAL_PIXELS),
                corner=f"{frame.own_slice(UPRIGHT, level):.0f}",
            )
        )
    return tiles


def _sagittal(
    shown: Volume, masks: Mapping[Role, tuple[BoolArray, ...]], slices: Slices, frame: BodyFrame
) -> list[_Tile]:
    _, along, up = shown.spacing
    (back, front), (low, high) = slices.window
    depth, height = (front - back) * along, (high - low) * up
    count = len(slices.sagittal)
    widest = (_SAGITTAL_WIDTH - (count - 1) * _GAP) / count
    scale = min(_SAGITTAL_HEIGHT / height, widest / depth)
    size = (max(round(depth * scale), 24), max(round(height * scale), 24))
    _, length, top = shown.data.shape
    ticks = tuple((high - level - 0.5) / (high - low) for level in slices.axial if low <= level <= high)
    return [
        _Tile(
            values=shown.data[index, ::-1, ::-1].astype(np.float32),  # the front comes first, the head is at the top
            masks={role: tuple(mask[index, ::-1, ::-1] for mask in of) for role, of in masks.items()},
            window=((length - front, length - back), (top - high, top - low)),
            place=(number * (size[0] + _GAP), 0),
            size=size,
            corner=f"{frame.own_slice(ACROSS, index):.0f}",
            ticks=ticks,
        )
        for number, index in enumerate(slices.sagittal)
    ]


def _sheet(
    kind: Literal["sagittal", "axial"], tiles: Sequence[_Tile], colours: Mapping[str, Sequence[str]], note: str = ""
) -> Sheet:
    width = max(tile.place[0] + tile.size[0] for tile in tiles)
    height = max(tile.place[1] + tile.size[1] for tile in tiles)
    paper = np.zeros((height, width), dtype=np.uint8)
    cut = [_cut(tile) for tile in tiles]
    bright = windowed(np.concatenate([one.ravel() for one in cut]), _WINDOW_PERCENTILES)
    start = 0
    for number, (tile, values) in enumerate(zip(tiles, cut, strict=True)):
        pixels = (bright[start : start + values.size].reshape(values.shape) * 255).astype(np.uint8)
        start += values.size
        _letter(pixels, tile, kind, first=number == 0)
        x, y = tile.place
        paper[y : y + tile.size[1], x : x + tile.size[0]] = pixels
    written = BytesIO()
    Image.fromarray(paper).save(written, format="WEBP", quality=_QUALITY, method=4)
    roles = list(tiles[0].masks)
    layers = tuple(
        (role, contour_layer((width, height), _lines(tiles, role, colours[role]), dashed=role == "prediction"))
        for role in roles
    )
    return Sheet(kind, (width, height), written.getvalue(), layers, note)


def _cut(tile: _Tile) -> Flat:
    """Magnify the window; what lies outside of the image is black."""
    (left, right), (top, bottom) = tile.window
    columns, rows = tile.values.shape
    before = max(int(np.ceil(-left)), int(np.ceil(-top)), 0)
    after = max(int(np.ceil(right)) - columns, int(np.ceil(bottom)) - rows, 0)
    lowest = float(tile.values.min()) if tile.values.size else 0.0
    padded = np.pad(tile.values, (before, after), constant_values=lowest)
    box = (left + before, top + before, right + before, bottom + before)
    picture = Image.fromarray(np.ascontiguousarray(padded.T)).resize(tile.size, Image.Resampling.BICUBIC, box=box)
    return np.asarray(picture, dtype=np.float32)


def _letter(pixels: Pixels, tile: _Tile, kind: str, *, first: bool) -> None:
    height, width = pixels.shape
    letter(pixels, tile.corner, (4, 2), _RAMP, _TEXT)
    if first:
        left, right, top, bottom = "RLAP" if kind == "axial" else "APSI"
        letter(pixels, left, (4, height // 2 - 7), _RAMP, _TEXT)
        letter(pixels, right, (width - 13, height // 2 - 7), _RAMP, _TEXT)
        letter(pixels, top, (width // 2 - 4, 2), _RAMP, _TEXT)
        letter(pixels, bottom, (width // 2 - 4, height - 18), _RAMP, _TEXT)
    for tick in tile.ticks:  # at the back edge: where the axial slices lie
        row = min(int(tick * height), height - 1)
        pixels[row, -_TICK:] = 255


def _lines(tiles: Sequence[_Tile], role: Role, palette: Sequence[str]) -> list[Line]:
    lines = []
    for number in range(len(tiles[0].masks[role])):
        loops = tuple(loop for tile in tiles for loop in _loops(tile, tile.masks[role][number]))
        lines.append(Line(loops, palette[number % len(palette)]))
    return lines


def _loops(tile: _Tile, mask: BoolArray) -> list[tuple[Point, ...]]:
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


def _left_out(
    joined: Sequence[BoolArray], names: Sequence[str], slices: Slices, spacing: tuple[float, float, float]
) -> str:
    """Say which voxels no axial picture shows: nobody shall take the mosaic for the whole."""
    said = []
    half = (_AXIAL_MM / 2 / spacing[0], _AXIAL_MM / 2 / spacing[1])
    for mask, region in zip(joined, names, strict=True):
        name = region_name(region)
        levels = np.flatnonzero(mask.any(axis=(0, 1)))
        there = len(set(levels.tolist()) & set(slices.axial))
        if there < len(levels):
            said.append(f"{name}: {there} of its {len(levels)} slices shown")
        outside = 0
        for level, (x, y) in zip(slices.axial, slices.centres, strict=True):
            across, along = (place + 0.5 for place in np.nonzero(mask[:, :, level]))
            outside += int(np.count_nonzero((abs(across - x) > half[0]) | (abs(along - y) > half[1])))
        if outside:
            said.append(f"{name}: {outside} voxels of the shown slices lie outside of the pictures")
    return "; ".join(said)
