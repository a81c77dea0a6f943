"""The cord's course through an image: boxes one behind the other, that bend with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnunet_ext.cascade.box import Box, Margins, faces
from nnunet_ext.core.orientation import upright_axis
from nnunet_ext.core.volume import Array, Volume

SLAB_MM: Final = 20.0
"""Of the cord that one box holds: short enough that it does not bend much in it. Shorter ones spare no more tiles."""


@dataclass(frozen=True)
class Course:
    """Disjoint boxes along one axis, one for each slab of slices.

    Parameters
    ----------
    boxes
        In order; no slab is left out between them.
    axis
        The array axis that runs along the body.
    slab
        Slices along it of one slab, counted from the first of the image. Two courses in one image have the same slabs.
    """

    boxes: tuple[Box, ...]
    axis: int
    slab: int

    @classmethod
    def around(cls, cord: Volume, margins: Margins, slab_mm: float | None = SLAB_MM) -> "Course | None":
        """Follow a cord.

        Parameters
        ----------
        cord
            Its tube, in any orientation; voxels above 0 count.
        margins
            How far the boxes reach beyond it at each face, at least. Beyond its ends the boxes go straight on.
        slab_mm
            Along the cord of one box, to the next whole slice; None for one box around all of it.

        Returns
        -------
        Course or None
            None where the mask is empty. A slab in a gap of the cord reaches as far as those before and behind it.
        """
        whole = Box.around(cord.data)
        if whole is None:
            return None
        axis = upright_axis(cord.axes)
        size = cord.data.shape[axis]
        slab = size if slab_mm is None else max(1, round(slab_mm / cord.spacing[axis]))
        reach = whole.grown(margins, cord)
        used = np.flatnonzero(cord.data.any(axis=tuple(other for other in range(3) if other != axis)))
        boxes = []
        for first in range(reach.start[axis] // slab * slab, reach.stop[axis], slab):
            around = Box.around(cord.data.take(_slices_that_tell(used, first, first + slab), axis))
            if around is not None:
                ends = max(first, reach.start[axis]), min(first + slab, reach.stop[axis])
                boxes.append(_along(_along(around, axis, ends).grown(margins, cord), axis, ends))
        return cls(tuple(boxes), axis, slab)

    def grown(self, labels: Array, further: "Course") -> "Course":
        """Reach as far as another course, in the slabs in which a segmentation touches a face and beyond the last one.

        Parameters
        ----------
        labels
            As in `touched_faces`.
        further
            In the same image, around what was found.

        Returns
        -------
        Course
            Where nothing is touched all boxes are as they were.
        """
        at = np.concatenate([np.argwhere(touching)[:, self.axis] for _, touching in self._touching(labels)])
        # A step from one box to the next is a face of the one whose neighbour is too small.
        slabs = {int(place) // self.slab for place in np.unique([at - 1, at, at + 1])}
        boxes = {self._slab_of(box): box for box in self.boxes}
        first, last = min(boxes), max(boxes)
        for box in further.boxes:
            slab = self._slab_of(box)
            if min(max(slab, first), last) in slabs:
                boxes[slab] = boxes[slab].union(box) if slab in boxes else box
        return Course(tuple(boxes[slab] for slab in sorted(boxes)), self.axis, self.slab)

    def touched_faces(self, labels: Array, axes: str) -> tuple[str, ...]:
        """Name the faces of the boxes that a segmentation touches where no other box goes on: it may, behind them.

        Parameters
        ----------
        labels
            Shape (i, j, k); voxels above 0 are segmented. An empty one touches nothing.

        Returns
        -------
        tuple of str
            Without the faces where the image itself ends.
        """
        names = faces(axes)
        return tuple(names[axis][end] for (axis, end), touching in self._touching(labels) if touching.any())

    def _slab_of(self, box: Box) -> int:
        return box.start[self.axis] // self.slab

    def _touching(self, labels: Array) -> Iterator[tuple[tuple[int, int], npt.NDArray[np.bool_]]]:
        """Mark for each axis and each of its ends the voxels in the boxes whose neighbour there is in none."""
        inside = held_by(self.boxes, labels.shape)
        found = (labels > 0) & inside
        for axis in range(3):
            upper, lower = (
                tuple(part if other == axis else slice(None) for other in range(3))
                for part in (slice(1, None), slice(None, -1))
            )
            for end, (here, neighbour) in enumerate(((upper, lower), (lower, upper))):
                touching = np.zeros_like(found)
                touching[here] = found[here] & ~inside[neighbour]
                yield (axis, end), touching


def held_by(boxes: Sequence[Box], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Mark the voxels of an array (i, j, k) that lie in any of the boxes."""
    held = np.zeros(shape, dtype=np.bool_, order="F")
    for box in boxes:
        held[box.slices] = True
    return held


def _slices_that_tell(used: npt.NDArray[np.intp], first: int, stop: int) -> npt.NDArray[np.intp]:
    """Choose among the slices with cord those of a slab, and one on each side, so that no step is cut off.

    Where the slab has none, the nearest before and behind it are left: the cord goes on between them.
    """
    low, high = np.searchsorted(used, (first, stop))
    return used[max(0, low - 1) : high + 1]


def _along(box: Box, axis: int, ends: tuple[int, int]) -> Box:
    return Box.of(ends if other == axis else pair for other, pair in enumerate(box.ends))
