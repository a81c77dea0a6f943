"""What several tests of the review pages look at."""

from io import BytesIO

import numpy as np
from PIL import Image

from nnunet_ext.core.volume import Array
from nnunet_ext.report.review.tile_sheet import Sheet


def grey(sheet: Sheet) -> Array:
    """Decode the background, shape (rows, columns)."""
    with Image.open(BytesIO(sheet.background)) as picture:
        return np.asarray(picture.convert("L"))


def drawn(sheet: Sheet, role: str) -> Array:
    """Decode a layer: red, green, blue and opacity, shape (rows, columns, 4)."""
    return rgba(dict(sheet.layers)[role])  # type: ignore[index]


def rgba(png: bytes) -> Array:
    """Decode a transparent picture."""
    with Image.open(BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGBA"))


def coloured(pixels: Array, colour: tuple[int, int, int]) -> Array:
    """Say where a colour is, opaque enough to be seen."""
    return np.asarray((abs(pixels[..., :3].astype(int) - colour).sum(axis=-1) < 12) & (pixels[..., 3] > 60))
