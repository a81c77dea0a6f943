"""From images to the array that the network sees, by nnU-Net's own preprocessing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import nibabel as nib
import numpy as np
import numpy.typing as npt
import torch

from nnunet_ext.cascade.box import Box
from nnunet_ext.cascade.prediction.nnunet_model import NnunetModel
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Affine, Array, Volume

_MOST_VOXELS: Final = 1 << 28
_MOST_GROWTH: Final = 27
_MOST_ALONG_AXIS: Final = 100


@dataclass(frozen=True)
class NetworkAxes:
    """An image's axes in another order, some of them reversed.

    Parameters
    ----------
    shape
        Of the image's array.
    axes, flipped
        For each axis of the frame the image's axis, and whether it runs the other way.
    """

    shape: tuple[int, int, int]
    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    @classmethod
    def of_reader(cls, shape: Sequence[int], affine: Affine, letters: str | None) -> "NetworkAxes":
        """Give the axes as nnU-Net's readers do, last axis first.

        Parameters
        ----------
        shape, affine
            Of the image.
        letters
            Where the image's axes are turned to before, in nibabel's letters; None leaves them.
        """
        source, flipped = [0, 1, 2], [False, False, False]
        if letters is not None:
            wanted = nib.orientations.axcodes2ornt(tuple(letters))
            turn = nib.orientations.ornt_transform(nib.io_orientation(affine), wanted)
            for axis, (to, direction) in enumerate(turn):
                source[int(to)], flipped[int(to)] = axis, bool(direction < 0)
        i, j, k = (int(size) for size in shape)
        return cls((i, j, k), (source[2], source[1], source[0]), (flipped[2], flipped[1], flipped[0]))

    def transposed(self, order: Sequence[int]) -> "NetworkAxes":
        """Take this frame's axes in another order, as `numpy.transpose` does."""
        a, b, c = order
        return NetworkAxes(
            self.shape,
            (self.axes[a], self.axes[b], self.axes[c]),
            (self.flipped[a], self.flipped[b], self.flipped[c]),
        )

    def view(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """See an array (i, j, k) of the image in this frame; what is written to the view is written to the array."""
        steps = tuple(slice(None, None, -1 if flipped else 1) for flipped in self.flipped)
        return array.transpose(self.axes)[steps]

    def box(self, box: Box) -> Box:
        """Say where a box of the image lies in this frame."""
        ends = []
        for axis, flipped in zip(self.axes, self.flipped, strict=True):
            size, (start, stop) = self.shape[axis], box.ends[axis]
            ends.append((size - stop, size - start) if flipped else (start, stop))
        return Box.of(ends)


@dataclass(frozen=True)
class Placement:
    """Where a preprocessed array lies in its image.

    Parameters
    ----------
    frame, nonzero
        The image in the axes of the array, and the part of it that was not cut as zero.
    spacing, resampled_spacing
        Voxel sizes of the frame and of the array, in mm.
    shape
        Of the array, without channels.
    """

    frame: NetworkAxes
    nonzero: Box
    spacing: tuple[float, ...]
    resampled_spacing: tuple[float, ...]
    shape: tuple[int, ...]

    @property
    def resampled(self) -> bool:
        """Whether the array has another number of voxels along any axis."""
        return self.shape != self.nonzero.shape

    def find(self, box: Box | None) -> Box | None:
        """Say where a box of the image, or None for all of it, lies in what was not cut; None where it lies outside."""
        if box is None:
            return Box.whole(self.nonzero.shape)
        found = self.frame.box(box).common(self.nonzero)
        return found.within(self.nonzero) if found.voxels else None

    def place(self, values: Array, at: Box) -> npt.NDArray[np.generic]:
        """Put values of a box that `find` gave into an array (i, j, k) of the image; elsewhere it is 0."""
        placed = np.zeros(self.frame.shape, dtype=values.dtype, order="F")
        self.frame.view(placed)[self.nonzero.slices][at.slices] = values
        return placed


def preprocess(images: Sequence[Volume], model: NnunetModel) -> tuple[torch.Tensor, Placement]:
    """Crop to non-zero voxels, normalise and resample, as stock nnU-Net would.

    Parameters
    ----------
    images
        One for each channel, in any orientation, all on one grid.

    Returns
    -------
    tensor
        float32, shape (c, ...), three axes in the order of the plans.
    Placement
        Where it lies.

    Raises
    ------
    DataRefusedError
        Where the model's voxels are so much smaller than the image's that the result would fill the memory.
    """
    grid = images[0]
    frame = NetworkAxes.of_reader(grid.data.shape, grid.affine, model.axes)
    sizes = _header_spacing(grid)
    _refuse_huge(frame, sizes, model)
    properties = {"spacing": [sizes[axis] for axis in frame.axes]}
    data, _, properties = model.configuration.preprocessor_class(verbose=False).run_case_npy(
        _as_read(images, frame, model), None, properties, model.plans, model.configuration, model.dataset_json
    )
    frame = frame.transposed(model.plans.transpose_forward)
    spacing = tuple(sizes[axis] for axis in frame.axes)
    goal = model.configuration.spacing
    return (
        torch.from_numpy(data),
        Placement(
            frame=frame,
            nonzero=Box.of((int(low), int(high)) for low, high in properties["bbox_used_for_cropping"]),
            spacing=spacing,
            resampled_spacing=(*spacing[: 3 - len(goal)], *goal),  # a 2-D configuration leaves the slices as they are
            shape=tuple(data.shape[1:]),
        ),
    )


def _refuse_huge(frame: NetworkAxes, sizes: Sequence[float], model: NnunetModel) -> None:
    turned, goal = frame.transposed(model.plans.transpose_forward), model.configuration.spacing
    spacing = [sizes[axis] for axis in turned.axes]
    grows = [mm / wanted for mm, wanted in zip(spacing[3 - len(goal) :], goal, strict=True)]
    before = math.prod(frame.shape)
    voxels = before * math.prod(grows)
    if max(grows) > _MOST_ALONG_AXIS or voxels > max(_MOST_VOXELS, _MOST_GROWTH * before):
        raise DataRefusedError(
            f"an image of {before} voxels of {spacing} mm would become one of {voxels:.3g} voxels of the model's "
            f"{list(goal)} mm, more than a memory holds; look at the image's voxel sizes (fslhd, sct_image -header), "
            f"or take a model of larger voxels"
        )


def _as_read(images: Sequence[Volume], frame: NetworkAxes, model: NnunetModel) -> npt.NDArray[np.float32]:
    """Stack the channels as nnU-Net's readers do, voxels in the same order in memory.

    The order matters to the last digit: it decides in which order numpy sums an image's mean.
    """
    views = [frame.view(np.asfortranarray(image.data))[None] for image in images]
    if not model.keeps_file_order:
        views = [np.ascontiguousarray(view) for view in views]
    # nnU-Net copies what it is given: a single channel need not be copied before.
    return views[0] if len(views) == 1 else np.vstack(views, dtype=np.float32, casting="unsafe")


def _header_spacing(image: Volume) -> tuple[float, ...]:
    """Give the voxel sizes as the file's header says them, in 32 bits, which is where nnU-Net's readers look.

    It matters where a resampled size falls on half a voxel, as 5 voxels of 0.5 mm to 1 mm do. What was read from a file
    has the header's sizes already.
    """
    return tuple(float(np.float32(size)) for size in image.spacing)
