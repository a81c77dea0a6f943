"""A small picture of one case, cheap enough for hundreds on one page: one sagittal and one axial slice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor
from scipy import ndimage

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.report.colours import PREDICTION_COLOURS, REFERENCE_COLOURS
from nnunet_ext.report.planes import BoolArray, Box, choose_planes
from nnunet_ext.report.raster import Flat, Pixels, centred, fitted, letter, magnified, palette_png, windowed

_DISPLAY_AXES: Final = "LAS"  # as in overlay.py
_SAGITTAL_FRAME: Final = (204, 242)  # the most that each picture may take, in pixels across and down
_AXIAL_FRAME: Final = (212, 242)
_GAP: Final = 4
_LEGEND_HEIGHT: Final = 18
_TICK: Final = 7
_DOTS: Final = 3
_COLOURS: Final = (*REFERENCE_COLOURS, *PREDICTION_COLOURS)
_GREYS: Final = 28  # as in panels.py
_WINDOW_PERCENTILES: Final = (1.0, 99.5)


@dataclass(frozen=True, eq=False)
class _Tile:
    """One slice as it stands on paper, the top row first, not yet magnified."""

    values: Flat
    masks: tuple[BoolArray, ...]
    shadows: tuple[BoolArray, ...]  # of the masks in all the other slices too
    spacing: tuple[float, float]  # across and down
    frame: tuple[int, int]
    letter: str


@dataclass(frozen=True)
class _Cut:
    """Where the two slices lie, in axes left, front and up."""

    sagittal: int
    sagittal_box: Box
    axial: int
    axial_box: Box


def thumbnail(image: Volume, labels: Array | None, values: Mapping[str, tuple[int, ...]]) -> bytes:
    """Draw one sagittal and one axial slice with the outlines of the regions.

    Parameters
    ----------
    image
        Any orientation and spacing; it is turned, and shown in its true proportions.
    labels
        Label map of the image's shape (i, j, k); `None` where there is none.
    values
        Region to the values that are it in the label map, from the outermost region (`sc`) to the innermost
        (`lesion`). Both slices go through the innermost that is not empty. Empty regions have no outline and are
        called empty below the picture; without any voxel the slices go through the centre.

    Returns
    -------
    bytes
        A PNG of at most 420 x 260 pixels. Full lines run just outside a region's voxels in the slice; dotted ones, in
        the sagittal picture alone, around those in all slices, so that nothing astray is missed. The sagittal picture
        has the front on the left, the axial one the patient's right; the mark at the back edge of the sagittal one
        shows where the axial one lies.

    Raises
    ------
    DataRefusedError
        Where the labels have another shape than the image.
    """
    if labels is not None and labels.shape != image.data.shape:
        raise DataRefusedError(
            f"a label map on the image's grid {image.data.shape} was needed, found one of {labels.shape}"
        )
    shown = reorient(image, _DISPLAY_AXES)
    masks: tuple[BoolArray, ...] = ()
    if labels is not None:
        turned = reorient(Volume(labels, image.affine), _DISPLAY_AXES).data
        masks = tuple(np.logical_or.reduce([turned == one for one in wanted]) for wanted in values.values())
    cut = _cut(shown, masks)
    canvas = _side_by_side(_tiles(shown, masks, cut), _mark(cut))
    names = [name if mask.any() else f"{name}: empty" for name, mask in zip(values, masks, strict=False)]
    return palette_png(np.vstack([canvas, _legend(canvas.shape[1], names)]), _palette())


def _cut(shown: Volume, masks: Sequence[BoolArray]) -> _Cut:
    planes = choose_planes(shown.data.shape, shown.spacing, masks)
    filled = [mask for mask in masks if mask.any()]
    number = len(planes.axial) // 2
    if filled:  # the axial slice that shows most of what is innermost
        voxels = [np.count_nonzero(filled[-1][:, :, level]) for level in planes.axial]
        number = int(np.argmax(voxels))
    return _Cut(planes.sagittal, planes.sagittal_box, planes.axial[number], planes.axial_boxes[number])


def _mark(cut: _Cut) -> float:
    """Say how far down the sagittal picture the axial one lies, 0 to 1."""
    up = cut.sagittal_box[1]
    return float((up.stop - cut.axial - 0.5) / (up.stop - up.start))


def _tiles(shown: Volume, masks: tuple[BoolArray, ...], cut: _Cut) -> tuple[_Tile, _Tile]:
    """Cut both slices, with one window of grey values for both."""
    sagittal, axial = (cut.sagittal, *cut.sagittal_box), (*cut.axial_box, cut.axial)
    slices = [shown.data[place].astype(np.float32) for place in (sagittal, axial)]
    grey = windowed(np.concatenate([one.ravel() for one in slices]), _WINDOW_PERCENTILES)
    left, right = grey[: slices[0].size].reshape(slices[0].shape), grey[slices[0].size :].reshape(slices[1].shape)
    across, along, up = shown.spacing
    # The front comes first in the sagittal picture, so there the columns run backwards too.
    return (
        _Tile(
            left.T[::-1, ::-1],
            tuple(mask[sagittal].T[::-1, ::-1] for mask in masks),
            tuple(np.any(mask[:, *cut.sagittal_box], axis=0).T[::-1, ::-1] for mask in masks),
            (along, up),
            _SAGITTAL_FRAME,
            "A",
        ),
        # An axial shadow of a bent cord would cover half the picture.
        _Tile(right.T[::-1], tuple(mask[axial].T[::-1] for mask in masks), (), (across, along), _AXIAL_FRAME, "R"),
    )


def _side_by_side(tiles: tuple[_Tile, _Tile], mark: float) -> Pixels:
    sagittal, axial = (_draw(tile) for tile in tiles)
    level = int(mark * len(sagittal))
    sagittal[max(level - 1, 0) : level + 1, -_TICK:] = _GREYS - 1
    height = max(len(sagittal), len(axial))
    gap = np.zeros((height, _GAP), dtype=np.uint8)
    left, right = (centred(pixels, (pixels.shape[1], height)) for pixels in (sagittal, axial))
    return np.hstack([left, gap, right])


def _draw(tile: _Tile) -> Pixels:
    """Give palette indices: first the greys, then the colours."""
    rows, columns = tile.values.shape
    size = fitted((columns, rows), tile.spacing, tile.frame)
    pixels = _ramp()[magnified(tile.values, size)]
    dots = np.indices(pixels.shape).sum(axis=0) % _DOTS == 0
    for number, shadow in enumerate(tile.shadows):
        pixels[_outline(shadow, size) & dots] = _GREYS + number % len(_COLOURS)
    for number, mask in enumerate(tile.masks):
        pixels[_outline(mask, size)] = _GREYS + number % len(_COLOURS)
    letter(pixels, tile.letter, (3, len(pixels) // 2 - 6), _ramp())
    return pixels


def _outline(mask: BoolArray, size: tuple[int, int]) -> BoolArray:
    """Give the line around a mask at the size of the picture; where it meets the edge, the edge."""
    # A box filter overlooks nothing: a single voxel of a fine image still marks the pixel that it falls in.
    covered = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)) > 0
    edge = np.ones_like(covered)
    edge[1:-1, 1:-1] = False
    line: npt.NDArray[np.bool_] = (ndimage.binary_dilation(covered) & ~covered) | (covered & edge)
    return line


def _legend(width: int, names: Sequence[str]) -> Pixels:
    """Name the regions beside their colours: colour alone does not tell everybody apart."""
    pixels = np.zeros((_LEGEND_HEIGHT, width), dtype=np.uint8)
    if not names:
        letter(pixels, "no label", (3, 2), _ramp())
    left = 3
    for number, name in enumerate(names):
        pixels[7:10, left : left + 12] = _GREYS + number % len(_COLOURS)
        left = letter(pixels, name, (left + 16, 2), _ramp()) + 10
    return pixels


def _ramp() -> Pixels:
    return (np.arange(256) * _GREYS // 256).astype(np.uint8)


def _palette() -> list[int]:
    greys = np.linspace(0, 255, _GREYS).round().astype(int).repeat(3).tolist()
    return [*greys, *(part for colour in _COLOURS for part in ImageColor.getrgb(colour))]
