"""A case turned for display, with what its pictures are centred on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Array, Volume
from nnunet_ext.evaluation.biomarkers.body_frame import ACROSS, UPRIGHT, BodyFrame
from nnunet_ext.report.anchor import Anchor, find_anchor
from nnunet_ext.report.planes import BoolArray, RegionMasks, Role
from nnunet_ext.report.raster import Flat

_DISPLAY_AXES: Final = "LAS"  # the patient's right is on the left of an axial picture, as in a reading room
_ROLES: Final[tuple[Role, Role]] = ("reference", "prediction")


@dataclass(frozen=True, eq=False)
class Cut:
    """One slice as it stands on paper, shape (columns, rows), the top row first.

    Parameters
    ----------
    values
        Grey values.
    masks
        From the outermost region.
    lesions
        Numbers of the prediction's lesions, 0 elsewhere; None where they are not known.
    number
        Of the slice along the file's own axis, from 0.
    """

    values: Flat
    masks: Mapping[Role, tuple[BoolArray, ...]]
    lesions: Array | None
    number: int


@dataclass(frozen=True, eq=False)
class ShownCase:
    """Image and masks along left, front and up.

    Parameters
    ----------
    image
        Grey values.
    masks
        Of each role that has any: one a region, empty where the role lacks it.
    names
        Of the regions, from the outermost.
    joined
        Of each region what either role drew.
    lesions
        Numbers of the prediction's lesions, 0 elsewhere; None where they are not known.
    anchor
        What the pictures are centred on.
    frame
        From these axes to those of the file.
    """

    image: Volume
    masks: Mapping[Role, tuple[BoolArray, ...]]
    names: tuple[str, ...]
    joined: tuple[BoolArray, ...]
    lesions: Array | None
    anchor: Anchor
    frame: BodyFrame

    @classmethod
    def of(cls, image: Volume, regions: Mapping[str, RegionMasks], lesions: Array | None = None) -> "ShownCase":
        """Turn a case.

        Parameters
        ----------
        image
            Any orientation and spacing.
        regions
            Name to masks of the image's shape (i, j, k), from the outermost region (`sc`) to the innermost.
        lesions
            Of that shape, too.

        Raises
        ------
        DataRefusedError
            Where a mask has another shape than the image.
        """
        for region, of in regions.items():
            for mask in of.values():
                if mask.shape != image.data.shape:
                    found = f"found {mask.shape}"
                    raise DataRefusedError(
                        f"region {region}: a mask on the image's grid {image.data.shape} was needed, {found}"
                    )

        def turned(array: Array) -> Array:
            return reorient(Volume(array, image.affine), _DISPLAY_AXES).data

        shown = reorient(image, _DISPLAY_AXES)
        drawn: list[RegionMasks] = [
            {role: turned(mask).astype(np.bool_) for role, mask in of.items()} for of in regions.values()
        ]
        empty = np.zeros(shown.data.shape, dtype=np.bool_)
        masks = {role: tuple(of.get(role, empty) for of in drawn) for role in _ROLES if any(role in of for of in drawn)}
        joined = tuple(np.logical_or.reduce([empty, *of.values()]) for of in drawn)
        anchor = find_anchor(shown.data.shape, shown.spacing, drawn)
        numbers = None if lesions is None else turned(lesions)
        return cls(shown, masks, tuple(regions), joined, numbers, anchor, BodyFrame.of(image))

    def axial(self, level: int) -> Cut:
        """Cut an axial slice: the patient's right on the left, the front at the top."""
        return self._cut((slice(None), slice(None, None, -1), level), UPRIGHT, level)

    def sagittal(self, index: int) -> Cut:
        """Cut a sagittal slice: the front on the left, the head at the top."""
        return self._cut((index, slice(None, None, -1), slice(None, None, -1)), ACROSS, index)

    def _cut(self, at: tuple[int | slice, ...], axis: int, index: int) -> Cut:
        return Cut(
            self.image.data[at].astype(np.float32),
            {role: tuple(mask[at] for mask in of) for role, of in self.masks.items()},
            None if self.lesions is None else self.lesions[at],
            round(self.frame.own_slice(axis, index)),
        )
