"""The picture of where a network looked, beside the slice without it."""

from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_erosion

from nnunet_ext.classification.network.crop import MASKS, Crop
from nnunet_ext.core.atomic import write_bytes
from nnunet_ext.core.errors import DataRefusedError

Flat = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_PIXELS_PER_MM: Final = 4
_GAP: Final = 8
_LINE: Final = 16
_MARGIN: Final = 4
_NARROWEST: Final = 320
_PERCENTILES: Final = (1.0, 99.0)
_STRONGEST: Final = 0.6
_HALF: Final = 0.5
_LESION: Final = (0, 200, 255)
_WHITE: Final = (255, 255, 255)


def write_map(path: Path, crop: Crop, shown: Flat, title: str) -> None:
    """Write a PNG: the middle sagittal slice of the first image that there is, and the same with the map over it.

    The front is to the left, the head up, 4 pixels to a mm. A line surrounds the lesion as far as it is in that slice;
    of a crop without images the cord is shown. The map goes from nothing over red and yellow to white.

    Parameters
    ----------
    shown
        Shape (y, z) of the crop, from 0 to 1, as `grad_cam` gives it.
    title
        Written above it; each line of it on one.

    Raises
    ------
    DataRefusedError
        Where the map is not of the crop's size.
    """
    if shown.shape != crop.data.shape[2:]:
        raise DataRefusedError(f"a map of {crop.data.shape[2:]} voxels was needed, found {shown.shape}")
    size = tuple(
        max(round(voxels * step * _PIXELS_PER_MM), 1)
        for voxels, step in zip(shown.shape, crop.settings.spacing[1:], strict=True)
    )
    there = [number for number, present in enumerate(crop.present) if present]
    middle = crop.data.shape[1] // 2
    grey = _enlarged(_windowed(crop.data[there[0] if there else -1, middle]), size)
    plain = np.repeat(grey[..., None], 3, axis=2)
    heat = _enlarged(shown, size)[..., None]
    over = plain * (1 - _STRONGEST * heat) + _STRONGEST * heat * _colours(heat)
    outline = _outline(_enlarged(crop.data[-MASKS, middle], size) >= _HALF)
    for picture in (plain, over):
        picture[outline] = np.array(_LESION) / 255
    paper = np.hstack([plain, np.zeros((len(plain), _GAP, 3)), over])
    write_bytes(path, _titled((paper * 255).round().astype(np.uint8), title))


def _windowed(values: Flat) -> Flat:
    low, high = np.percentile(values, _PERCENTILES)
    return np.asarray(np.clip((values - low) / (high - low if high > low else 1), 0, 1), dtype=np.float32)


def _enlarged(values: Flat, size: tuple[int, ...]) -> Flat:
    """Turn a slice (y, z) into rows from the head down and columns from the front to the back."""
    upright = np.ascontiguousarray(values.T[::-1, ::-1], dtype=np.float32)
    larger = Image.fromarray(upright, "F").resize((size[0], size[1]), Image.Resampling.BILINEAR)
    return np.asarray(np.clip(np.asarray(larger), 0, 1), dtype=np.float32)


def _colours(heat: Flat) -> npt.NDArray[np.float64]:
    """Give red, green and blue of values of shape (rows, columns, 1): black, red, yellow, white."""
    return np.clip(3 * heat - np.arange(3), 0, 1)


def _outline(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.asarray(mask & ~binary_erosion(mask))


def _titled(pixels: Pixels, title: str) -> bytes:
    lines = title.splitlines()
    width = max(pixels.shape[1], _NARROWEST)
    above = _LINE * len(lines) + 2 * _MARGIN if lines else 0
    paper = Image.new("RGB", (width, pixels.shape[0] + above))
    paper.paste(Image.fromarray(pixels, "RGB"), ((width - pixels.shape[1]) // 2, above))
    drawing, font = ImageDraw.Draw(paper), ImageFont.load_default(12)  # ships with pillow
    for number, line in enumerate(lines):
        drawing.text((_MARGIN, _MARGIN + _LINE * number), line, fill=_WHITE, font=font)
    written = BytesIO()
    paper.save(written, format="PNG", compress_level=6)
    return written.getvalue()
