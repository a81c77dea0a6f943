"""nnU-Net's sliding window: what the network says about an array that is larger than its patch."""

import itertools
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

import torch
from acvl_utils.cropping_and_padding.padding import pad_nd_image
from nnunetv2.inference.sliding_window_prediction import compute_gaussian

from nnunet_ext.cascade.box import Box
from nnunet_ext.core.errors import EnvironmentProblemError

Slicer = tuple[slice | int, ...]
"""Index of a tile in an array (channel, ...), as nnU-Net's predictor makes it."""

Network = Callable[[torch.Tensor], torch.Tensor]

_CPU: Final = torch.device("cpu")
_AXES: Final = 3
_SHIFT: Final = 3  # odd, so that the grid of no pooled layer falls on itself again
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class SlidingWindow:
    """How tiles are laid, mirrored and put together; each step as stock nnU-Net takes it, to the last bit.

    Stock cuts its tiles in a thread of its own, whose errors nobody hears: it waits for ever. Here they are raised.

    Parameters
    ----------
    patch_size
        Voxels of a tile; of a 2-D network two numbers, and the first axis is gone through slice by slice.
    mirrored_axes
        Axes of the tile over whose mirror images the mean is taken, too.
    flip
        Axes of the tile along which the network sees it from the other side.
    shift
        Voxels of zeros before the image along each axis, which move it against the tiles; none for none.
    """

    patch_size: tuple[int, ...]
    heads: int
    step: float
    mirrored_axes: tuple[int, ...]
    device: torch.device
    flip: tuple[int, ...] = ()
    shift: tuple[int, ...] = ()

    def logits(self, network: Network, image: torch.Tensor, boxes: Sequence[Box] = ()) -> tuple[torch.Tensor, Box]:
        """Compute the network's outputs.

        Parameters
        ----------
        network
            Takes (1, c, *patch_size) and gives (1, heads, *patch_size).
        image
            Preprocessed, shape (c, x, y, z), on the CPU.
        boxes
            What is needed of it; none for all. Tiles that meet none of them are left out.

        Returns
        -------
        tensor
            float16, shape (heads, ...), on the CPU: of a part of the image that holds all tiles.
        Box
            That part. In it, within `boxes`, the values are those of the whole image; where there is no tile they
            are 0.

        Raises
        ------
        EnvironmentProblemError
            Where the device has too little memory for one tile.
        """
        if self.shift:
            return self._shifted(network, image, boxes)
        padded, inner = pad_nd_image(image, self.patch_size, "constant", {"value": 0}, True, None)
        shift = [int(axis.start) for axis in inner[1:]]
        wanted = [box.moved(shift) for box in boxes] or [Box.whole(padded.shape[1:])]
        tiles = kept_slicers(padded.shape[1:], self.patch_size, self.step, wanted)
        covered = reduce(Box.union, map(tile_box, tiles))
        tiles = [_from(covered.start, tile) for tile in tiles]
        found = self._on_device(network, padded[(slice(None), *covered.slices)], tiles)
        unpadded = covered.common(Box.whole(image.shape[1:]).moved(shift))
        return found[(slice(None), *unpadded.within(covered).slices)], unpadded.moved([-low for low in shift])

    def views(self) -> tuple["SlidingWindow", ...]:
        """Give windows that each look at the image in one way; together they cost what this one does, where it mirrors.

        Returns
        -------
        tuple
            One for each mirror image over which this one takes the mean. Where it takes none, one for the image as it
            is and one for each axis of the tile, along which the image is moved.
        """
        if self.mirrored_axes:
            return tuple(replace(self, mirrored_axes=(), flip=flip) for flip in ((), *_flips(self.mirrored_axes)))
        moved = range(_AXES - len(self.patch_size), _AXES)
        shifts = [tuple(_SHIFT * (axis == at) for axis in range(_AXES)) for at in moved]
        return tuple(replace(self, shift=shift) for shift in ((0, 0, 0), *shifts))

    def _shifted(self, network: Network, image: torch.Tensor, boxes: Sequence[Box]) -> tuple[torch.Tensor, Box]:
        """Give the smallest part that holds all boxes: the same of every shift, whichever tiles meet them."""
        moved = torch.zeros((image.shape[0], *map(sum, zip(image.shape[1:], self.shift, strict=True))))
        inner = Box.whole(image.shape[1:]).moved(self.shift)
        moved[(slice(None), *inner.slices)] = image
        still = replace(self, shift=())
        found, covered = still.logits(network, moved, [box.moved(self.shift) for box in boxes])
        kept = reduce(Box.union, boxes) if boxes else Box.whole(image.shape[1:])
        return found[(slice(None), *kept.moved(self.shift).within(covered).slices)], kept

    def _on_device(self, network: Network, image: torch.Tensor, tiles: Sequence[Slicer]) -> torch.Tensor:
        """Keep image and sums on the GPU, as long as they fit."""
        if self.device.type != "cuda":
            return self._sum(network, image, tiles, _CPU)
        with torch.autocast("cuda"):
            try:
                return self._sum(network, image, tiles, self.device).to(_CPU)
            except torch.OutOfMemoryError as error:
                _LOG.warning(
                    "%s: too little memory for the whole image, its sums go to the CPU: %s", self.device, error
                )
            torch.cuda.empty_cache()  # here, where the error no longer holds what it could not finish
            try:
                return self._sum(network, image, tiles, _CPU)
            except torch.OutOfMemoryError as error:
                raise EnvironmentProblemError(
                    f"{self.device} has too little free memory for one tile of {self.patch_size} voxels; end what else "
                    f"runs on it (nvidia-smi), or use: cpu"
                ) from error

    def _sum(
        self, network: Network, image: torch.Tensor, tiles: Sequence[Slicer], results: torch.device
    ) -> torch.Tensor:
        image = image.to(results)
        logits = torch.zeros((self.heads, *image.shape[1:]), dtype=torch.half, device=results)
        weights = torch.zeros(image.shape[1:], dtype=torch.half, device=results)
        gaussian = compute_gaussian(self.patch_size, sigma_scale=1 / 8, value_scaling_factor=10, device=results)
        for tile in tiles:
            patch = torch.clone(image[tile][None], memory_format=torch.contiguous_format).to(self.device)
            prediction = self._mirrored(network, patch)[0].to(results)
            prediction *= gaussian
            logits[tile] += prediction
            weights[tile[1:]] += gaussian
        weights[weights == 0] = 1  # where no tile is: 0, not a number that is none
        return torch.div(logits, weights, out=logits)

    def _mirrored(self, network: Network, patch: torch.Tensor) -> torch.Tensor:
        prediction = _seen(network, patch, self.flip)
        flips = _flips(self.mirrored_axes)
        for flip in flips:
            prediction += _seen(network, patch, flip)
        if flips:
            prediction /= len(flips) + 1
        return prediction


def _flips(axes: Sequence[int]) -> list[tuple[int, ...]]:
    """List in which ways a tile can be mirrored, in nnU-Net's order."""
    return [flip for count in range(1, len(axes) + 1) for flip in itertools.combinations(axes, count)]


def _seen(network: Network, patch: torch.Tensor, flip: Sequence[int]) -> torch.Tensor:
    axes = [axis + 2 for axis in flip]
    return torch.flip(network(torch.flip(patch, axes)), axes) if axes else network(patch)


def _from(start: Sequence[int], tile: Slicer) -> Slicer:
    moved = (
        at - low if isinstance(at, int) else slice(at.start - low, at.stop - low)
        for at, low in zip(tile[1:], start, strict=True)
    )
    return (tile[0], *moved)


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
