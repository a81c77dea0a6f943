"""Which tiles of nnU-Net's sliding window meet a box: only those have to be computed for what lies inside it."""

import itertools
import math
from collections.abc import Sequence

from nnunet_ext.cascade.box import Box

Slicer = tuple[slice | int, ...]
"""Index of a tile in an array (channel, ...), as nnU-Net's predictor makes it."""


def kept_slicers(
    image_size: Sequence[int], tile_size: Sequence[int], step: float, boxes: Sequence[Box]
) -> list[Slicer]:
    """List the tiles that meet any of the boxes, in the order in which nnU-Net visits them.

    A voxel's prediction is the weighted mean over the tiles that hold it. All tiles that hold a voxel of a box are
    kept, so that the prediction inside the boxes is the same to the last bit; outside it is not to be used.

    Parameters
    ----------
    image_size
        Voxels along each axis of the preprocessed image, after padding to at least the tile.
    tile_size
        The plans' patch size: three numbers or, for a 2-D configuration, two. Of the latter each slice along the
        first axis is a row of tiles.
    step
        Distance of neighbouring tiles as a share of the tile, above 0 and at most 1; nnU-Net's default is 0.5.
    boxes
        In voxels of the same array.

    Returns
    -------
    list
        For each tile its index: all channels, then one entry for each axis.
    """
    flat = len(image_size) - len(tile_size)
    rows: list[list[slice | int]] = [list(range(size)) for size in image_size[:flat]]
    for size, tile in zip(image_size[flat:], tile_size, strict=True):
        rows.append([slice(at, at + tile) for at in tile_starts(size, tile, step)])
    tiles = [(slice(None), *tile) for tile in itertools.product(*rows)]
    return [tile for tile in tiles if any(tile_box(tile).common(box).voxels for box in boxes)]


def tile_box(tile: Slicer) -> Box:
    """Say which voxels a tile holds."""
    return Box.of((at, at + 1) if isinstance(at, int) else (at.start, at.stop) for at in tile[1:])


def tile_starts(image: int, tile: int, step: float) -> list[int]:
    """Say where along one axis nnU-Net's tiles begin.

    There are ``ceil((image - tile) / (tile * step)) + 1`` of them, spread evenly from the first voxel to the last tile
    that fits, each rounded to a whole voxel (halves to the even one).
    """
    last = image - tile
    count = math.ceil(last / (tile * step)) + 1
    return [round(last / (count - 1) * index) for index in range(count)] if count > 1 else [0]
