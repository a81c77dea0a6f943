"""Which tiles of nnU-Net's sliding window meet a box: only those have to be computed for what lies inside it."""

import itertools
import math
from collections.abc import Sequence

from nnunet_ext.cascade.box import Box

Slicer = tuple[slice | int, ...]
"""Index of a tile in an array (channel, ...), as nnU-Net's predictor makes it."""


def kept_slicers(image_size: Sequence[int], tile_size: Sequence[int], step: float, box: Box) -> list[Slicer]:
    """List the tiles that meet `box`, in the order in which nnU-Net visits them.

    A voxel's prediction is the weighted mean over the tiles that hold it. All tiles that hold a voxel of the box are
    kept, so that the prediction inside the box is the same to the last bit; outside it is not to be used.

    Parameters
    ----------
    image_size
        Voxels along each axis of the preprocessed image, after padding to at least the tile.
    tile_size
        The plans' patch size: three numbers or, for a 2-D configuration, two. Of the latter each slice along the
        first axis is a row of tiles.
    step
        Distance of neighbouring tiles as a share of the tile, above 0 and at most 1; nnU-Net's default is 0.5.
    box
        In voxels of the same array.

    Returns
    -------
    list
        For each tile its index: all channels, then one entry for each axis.
    """
    flat = len(image_size) - len(tile_size)
    rows: list[list[slice | int]] = [
        [index for index in range(size) if first <= index < last]
        for size, first, last in zip(image_size[:flat], box.start, box.stop, strict=False)
    ]
    for axis, tile in enumerate(tile_size, start=flat):
        starts = tile_starts(image_size[axis], tile, step)
        rows.append([slice(at, at + tile) for at in starts if at < box.stop[axis] and at + tile > box.start[axis]])
    return [(slice(None), *tile) for tile in itertools.product(*rows)]


def tile_starts(image: int, tile: int, step: float) -> list[int]:
    """Say where along one axis nnU-Net's tiles begin.

    There are ``ceil((image - tile) / (tile * step)) + 1`` of them, spread evenly from the first voxel to the last tile
    that fits, each rounded to a whole voxel (halves to the even one).
    """
    last = image - tile
    count = math.ceil(last / (tile * step)) + 1
    return [round(last / (count - 1) * index) for index in range(count)] if count > 1 else [0]
