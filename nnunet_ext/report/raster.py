"""Slices and words as pixels of a palette: what pictures are made of that must cost milliseconds.

Pixels have shape (rows, columns), the top row first; sizes are (width, height) as in pillow.
"""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
Flat = npt.NDArray[np.float32]


def windowed(values: Flat, percentiles: tuple[float, float]) -> Flat:
    """Map the values between two percentiles to 0..1 and cut off the rest; equal values all become 0."""
    low, high = np.percentile(values, percentiles)
    scaled: Flat = np.clip((values - low) / (high - low if high > low else 1), 0, 1).astype(np.float32)
    return scaled


def fitted(shape: tuple[int, int], spacing: tuple[float, float], frame: tuple[int, int]) -> tuple[int, int]:
    """Give the largest size in true proportions inside a frame, for a slice of (across, down) voxels and mm each."""
    millimetres = [voxels * size for voxels, size in zip(shape, spacing, strict=True)]
    scale = min(pixels / length for pixels, length in zip(frame, millimetres, strict=True))
    width, height = (max(round(length * scale), 1) for length in millimetres)
    return width, height


def magnified(bright: Flat, size: tuple[int, int]) -> Pixels:
    """Turn brightness 0..1, shape (rows, columns), into 0..255 at another size."""
    return np.asarray(Image.fromarray((bright * 255).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR))


def centred(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Put a picture in the middle of a black one of `size`."""
    spare = size[1] - pixels.shape[0], size[0] - pixels.shape[1]
    return np.pad(pixels, tuple((one // 2, one - one // 2) for one in spare))


def letter(pixels: Pixels, text: str, place: tuple[int, int], ramp: Pixels, height: int = 11) -> int:
    """Write on a black plate, in place.

    Parameters
    ----------
    pixels
        Palette indices.
    text, place
        What, and its left upper corner (column, row). What lies outside of the picture is lost.
    ramp
        Palette index for each brightness from 0 (black) to 255, the colour of the letters.
    height
        Of the font, in pixels.

    Returns
    -------
    int
        The column behind the last letter.
    """
    paper = Image.new("L", (pixels.shape[1], pixels.shape[0]))
    drawing = ImageDraw.Draw(paper)
    font = ImageFont.load_default(height)  # ships with pillow, so it is there on every machine
    drawing.text(place, text, fill=255, font=font)
    left, top, right, bottom = (round(edge) for edge in drawing.textbbox(place, text, font=font))
    plate = slice(max(top - 2, 0), bottom + 2), slice(max(left - 2, 0), right + 2)
    pixels[plate] = ramp[np.asarray(paper)[plate]]
    return right


def palette_png(pixels: Pixels, palette: Sequence[int]) -> bytes:
    """Give a PNG of palette indices; `palette` holds red, green and blue of each in turn."""
    picture = Image.fromarray(pixels, "P")
    picture.putpalette(list(palette))
    written = BytesIO()
    picture.save(written, format="PNG", compress_level=6)  # `optimize` doubles the time for a few percent
    return written.getvalue()
