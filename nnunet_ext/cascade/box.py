"""The box around the cord: where it lies, what it keeps, and how it is drawn anew for training.

Faces are named by the anatomical direction that they look to. On an oblique grid each face gets the name of the
nearest one, as nibabel names axes; a margin is measured along the grid's own axes.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import sct_letters
from nnunet_ext.core.rounding import whole_up
from nnunet_ext.core.tube import largest_tube
from nnunet_ext.core.volume import Array, Volume

FACE_OF_LETTER: Final = {
    "S": "superior",
    "I": "inferior",
    "L": "left",
    "R": "right",
    "A": "anterior",
    "P": "posterior",
}

_KEY: Final = "pad_"


@dataclass(frozen=True)
class Margins:
    """How far the box reaches beyond the cord at each face, in mm."""

    superior: float
    inferior: float
    left: float
    right: float
    anterior: float
    posterior: float

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> "Margins":
        """Read what a `crop_metadata.json` says; other keys than the six are passed over.

        Raises
        ------
        DataRefusedError
            Where one of the six is missing, negative or no number: there is no default that fits every model.
        """
        found = {field.name: content.get(_KEY + field.name) for field in fields(cls)}
        wrong = [_KEY + face for face, value in found.items() if not _is_distance(value)]
        if wrong:
            raise DataRefusedError(
                f"crop margins: numbers of millimetres from 0 up were needed for all of "
                f"{', '.join(_KEY + face for face in found)}; missing or wrong: {', '.join(wrong)}"
            )
        return cls(**{face: float(value) for face, value in found.items() if value is not None})

    def content(self) -> dict[str, float]:
        """Give the six keys of `crop_metadata.json` as the Spinal Cord Toolbox reads them."""
        return {_KEY + face: mm for face, mm in self.by_face().items()}

    def by_face(self) -> dict[str, float]:
        """Give the margin of each face by its name."""
        return {field.name: float(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class Box:
    """A box of whole voxels.

    Parameters
    ----------
    start, stop
        First voxel, and the one after the last, along each array axis.
    """

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    @classmethod
    def of(cls, ends: Iterable[tuple[int, int]]) -> "Box":
        """Make a box of the first voxel, and the one after the last, along each of three axes."""
        (i, i2), (j, j2), (k, k2) = ends
        return cls((i, j, k), (i2, j2, k2))

    @classmethod
    def around(cls, mask: Array) -> "Box | None":
        """Find the smallest box that holds every voxel above 0 of an array (i, j, k); None where there is none."""
        found = mask > 0
        used = [np.flatnonzero(found.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
        return cls.of((int(at[0]), int(at[-1]) + 1) for at in used) if used[0].size else None

    @classmethod
    def whole(cls, shape: Sequence[int]) -> "Box":
        """Take all of an array of this shape."""
        return cls.of((0, size) for size in shape)

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index of the box's voxels."""
        i, j, k = (slice(*ends) for ends in self.ends)
        return i, j, k

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along each axis."""
        i, j, k = (stop - start for start, stop in self.ends)
        return i, j, k

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    @property
    def ends(self) -> tuple[tuple[int, int], ...]:
        """First voxel, and the one after the last, along each axis."""
        return tuple(zip(self.start, self.stop, strict=True))

    def union(self, other: "Box") -> "Box":
        """Give the smallest box that holds both."""
        return Box.of((min(a, b), max(a2, b2)) for (a, a2), (b, b2) in zip(self.ends, other.ends, strict=True))

    def common(self, other: "Box") -> "Box":
        """Give what both hold, which may be no voxel."""
        pairs = zip(self.ends, other.ends, strict=True)
        return Box.of((max(a, b), max(a, b, min(a2, b2))) for (a, a2), (b, b2) in pairs)

    def moved(self, by: Sequence[int]) -> "Box":
        """Move the box by so many voxels along each axis."""
        return Box.of((start + shift, stop + shift) for (start, stop), shift in zip(self.ends, by, strict=True))

    def within(self, outer: "Box") -> "Box":
        """Say where the box lies in an array that begins where `outer` does."""
        return self.moved([-at for at in outer.start])

    def grown(self, margins: Margins, grid: Volume) -> "Box":
        """Move each face outwards by at least its margin, as far as the grid goes."""
        by_face = margins.by_face()
        ends = []
        for axis, (low, high) in enumerate(faces(grid.axes)):
            start = self.start[axis] - whole_up(by_face[low] / grid.spacing[axis])
            ends.append((start, self.stop[axis] + whole_up(by_face[high] / grid.spacing[axis])))
        return Box.of(ends).common(Box.whole(grid.data.shape))


def faces(axes: str) -> list[tuple[str, str]]:
    """Name for each array axis the face at its start and the face at its end.

    Examples
    --------
    >>> faces("LAS")
    [('right', 'left'), ('posterior', 'anterior'), ('inferior', 'superior')]
    """
    return [(FACE_OF_LETTER[low], FACE_OF_LETTER[high]) for low, high in zip(sct_letters(axes), axes, strict=True)]


def cord_box(cord: Volume, margins_mm: Margins) -> Box | None:
    """Box the cord.

    Parameters
    ----------
    cord
        Predicted mask, in any orientation; voxels above 0 are cord. Of it only `largest_tube` counts.
    margins_mm
        How far the box reaches beyond the tube at each face, at least; it ends where the volume does.

    Returns
    -------
    Box or None
        None where the mask is empty.
    """
    tube = Box.around(largest_tube(cord))
    return None if tube is None else tube.grown(margins_mm, cord)


def apply_box(volume: Volume, box: Box) -> Volume:
    """Set everything outside the box to zero; grid and type of the data stay as they are."""
    data = np.zeros_like(volume.data)
    data[box.slices] = volume.data[box.slices]
    return replace(volume, data=data, sha256="")


def outside(labels: Array, box: Box) -> int:
    """Count the voxels of a label map (i, j, k) that are not 0 and not in the box; 0 for an empty one."""
    return int(np.count_nonzero(labels)) - int(np.count_nonzero(labels[box.slices]))


def random_margins(margins: Margins, low: float, high: float, rng: np.random.Generator) -> Margins:
    """Change each face's margin by a number of its own, uniform from `low` to `high` mm; none falls below 0."""
    return Margins(**{face: max(0.0, mm + float(rng.uniform(low, high))) for face, mm in margins.by_face().items()})


def _is_distance(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
