"""Before and after a registration: two images in two colours, which make white where they agree."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.report.planes import BoolArray, Planes, choose_planes
from nnunet_ext.report.raster import Flat, Pixels, centred, fitted, letter, magnified, palette_png, windowed

_DISPLAY_AXES: Final = "LAS"  # as in overlay.py
_FRAMES: Final = ((250, 310), (310, 310))  # the most that a sagittal and an axial picture may take, in pixels
_GAP: Final = 6
_LINE: Final = 22
_LEVELS: Final = 16  # of green and of magenta: together they fill a palette of 256
_WINDOW_PERCENTILES: Final = (1.0, 99.5)
_EDGE_PERCENTILES: Final = (50.0, 99.0)  # the flatter half is noise
_EDGE_WIDTH_MM: Final = 0.7
_CENTRE_MM: Final = (25.0, 25.0, 70.0)  # how far around the centre one looks where no mask says where the cord is


@dataclass(frozen=True, eq=False)
class _Slice:
    """Both images in one slice as it stands on paper, the top row first."""

    fixed: Flat
    moving: Flat
    spacing: tuple[float, float]  # across and down
    letter: str


def registration_figure(fixed: Volume, before: Array, after: Array, around: BoolArray | None = None) -> bytes:
    """Draw a sagittal and an axial slice before (above) and after (below) a registration.

    Each slice is shown as the two images, and as their edges: images of different contrasts differ in colour even
    where they agree, but their edges coincide, and are drawn in one white line instead of a green and a magenta one.
    (Red-green blind readers tell green and magenta apart.)

    Parameters
    ----------
    fixed
        The image that stays, any orientation and spacing; it is turned, never resampled. Shown in green.
    before, after
        The other image on the grid of `fixed`, shape (i, j, k), before and after it was moved; 0 outside its field
        of view. Shown in magenta.
    around
        What to look at, such as the cord, on the same grid. `None`, or an empty one: the middle of what the moved
        image covers.

    Returns
    -------
    bytes
        A PNG. Sagittal pictures show the front on the left, axial ones the patient's right on the left.

    Raises
    ------
    DataRefusedError
        Where an array has another shape than `fixed`.
    """
    for name, array in (("before", before), ("after", after), ("around", around)):
        if array is not None and array.shape != fixed.data.shape:
            raise DataRefusedError(
                f"registration, {name}: an array on the fixed image's grid {fixed.data.shape} was needed, found one "
                f"of {array.shape}"
            )
    shown = reorient(fixed, _DISPLAY_AXES)
    first, last = _turned(before, fixed), _turned(after, fixed)
    region = _turned(around, fixed) if around is not None and around.any() else _middle(last, shown.spacing)
    planes = choose_planes(shown.data.shape, shown.spacing, [region])
    rows = [_row(_slices(shown, moving, planes), when) for moving, when in ((first, "before"), (last, "after"))]
    return palette_png(np.vstack([*rows, _legend(rows[0].shape[1])]), _palette())


def _turned(array: Array, fixed: Volume) -> Array:
    return reorient(Volume(array, fixed.affine), _DISPLAY_AXES).data


def _middle(moving: Array, spacing: tuple[float, float, float]) -> BoolArray:
    """Give a block at the centre of what an image covers; of everything, where it covers nothing."""
    covered = ndimage.find_objects((moving != 0).astype(np.uint8))
    sides = covered[0] if covered else tuple(slice(0, size) for size in moving.shape)
    block = np.zeros(moving.shape, dtype=np.bool_)
    ranges = []
    for side, size, reach in zip(sides, spacing, _CENTRE_MM, strict=True):
        centre, voxels = (side.start + side.stop) // 2, round(reach / size)
        ranges.append(slice(max(centre - voxels, side.start), min(centre + voxels + 1, side.stop)))
    block[tuple(ranges)] = True
    return block


def _slices(fixed: Volume, moving: Array, planes: Planes) -> tuple[_Slice, _Slice]:
    """Cut the sagittal slice, the front on the left, and the middle axial one."""
    number = len(planes.axial) // 2
    sagittal = (planes.sagittal, *planes.sagittal_box)
    axial = (*planes.axial_boxes[number], planes.axial[number])
    left = [volume[sagittal].T[::-1, ::-1].astype(np.float32) for volume in (fixed.data, moving)]
    right = [volume[axial].T[::-1].astype(np.float32) for volume in (fixed.data, moving)]
    across, along, up = fixed.spacing
    return _Slice(left[0], left[1], (along, up), "A"), _Slice(right[0], right[1], (across, along), "R")


def _row(slices: tuple[_Slice, _Slice], when: str) -> Pixels:
    panels = []
    for one, frame in zip(slices, _FRAMES, strict=True):
        rows, columns = one.fixed.shape
        size = fitted((columns, rows), one.spacing, frame)
        for what, picture in (("images", _images), ("edges", _edges)):
            green, magenta = (picture(values, one.spacing) for values in (one.fixed, one.moving))
            pixels = _fused(magnified(green, size), magnified(magenta, size))
            letter(pixels, one.letter, (4, size[1] // 2 - 6), _ramp())
            panel = np.pad(centred(pixels, (size[0], frame[1])), ((_LINE, 0), (0, _GAP)))
            letter(panel, f"{when}: {what}", (4, 4), _ramp(), 12)
            panels.append(panel)
    return np.hstack(panels)


def _images(values: Flat, _: tuple[float, float]) -> Flat:
    return windowed(values, _WINDOW_PERCENTILES)


def _edges(values: Flat, spacing: tuple[float, float]) -> Flat:
    """Give the strength of edges; its root, as a weak edge tells as much about a shift as a strong one."""
    down, across = spacing[1], spacing[0]
    widths = _EDGE_WIDTH_MM / down, _EDGE_WIDTH_MM / across
    slopes = [
        ndimage.gaussian_filter(values, widths, order=order) / size
        for order, size in (((1, 0), down), ((0, 1), across))
    ]
    return np.sqrt(windowed(np.hypot(*slopes), _EDGE_PERCENTILES))


def _fused(green: Pixels, magenta: Pixels) -> Pixels:
    """Join two pictures into palette indices."""
    step = 256 // _LEVELS
    return green // step * np.uint8(_LEVELS) + magenta // step


def _ramp() -> Pixels:
    grey = np.arange(256, dtype=np.uint8)
    return _fused(grey, grey)


def _palette() -> list[int]:
    light = np.linspace(0, 255, _LEVELS).round().astype(int).tolist()
    return [part for green in light for magenta in light for part in (magenta, green, magenta)]


def _legend(width: int) -> Pixels:
    pixels = np.zeros((_LINE + _GAP, width), dtype=np.uint8)
    left = 4
    for text, green, magenta in (("fixed image", 255, 0), ("moved image", 0, 255), ("where they agree", 255, 255)):
        pixels[_GAP + 2 : _GAP + 14, left : left + 22] = _fused(*np.array([[green], [magenta]], dtype=np.uint8))
        left = letter(pixels, text, (left + 28, _GAP + 1), _ramp(), 12) + 24
    return pixels
