"""How the array that a network sees lies in the image's own array."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy.typing as npt

from nnunet_ext.cascade.box import Box
from nnunet_ext.core.volume import Affine


@dataclass(frozen=True)
class NetworkAxes:
    """An image's axes in another order, some of them reversed.

    Parameters
    ----------
    shape
        Of the image's array.
    axes
        For each axis of the frame the image's axis.
    flipped
        Whether it runs the other way.
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
