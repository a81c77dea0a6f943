"""Vertebral levels along a cord."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.classification.measures.cord_body import BoolArray, CordBody, Floats
from nnunet_ext.core.volume import Array

VERTEBRA_MM: Final = 21.3
"""Mean height of a vertebra with its disc from C1 to T12: 12.5 cm of neck and 28 cm of chest (Gray's Anatomy) over 19.

Used where no levels are known. From C3 to C7 vertebrae are lower (16 to 18 mm), from T9 on higher (24 to 30 mm)."""


@dataclass(frozen=True, eq=False)
class CordLevels:
    """The level at each slice.

    Parameters
    ----------
    place
        Shape (z,): number of the vertebra (C1 is 1, T1 is 8, L1 is 20) and how far down in it; NaN where it is unknown.
    share
        Shape (z,): share of its vertebra's height that the slice takes; NaN where it is unknown.
    """

    place: Floats
    share: Floats

    def extent(self, slices: BoolArray) -> float | None:
        """Give the height of slices in vertebrae; None where one's level is unknown."""
        total = float(self.share[slices].sum())
        return None if np.isnan(total) else total


def cord_levels(body: CordBody, labels: Array) -> CordLevels:
    """Read the levels off a label image: each slice is at the level that most of its labelled cord voxels name.

    A vertebra at the upper or lower end of what is labelled may be cut off by the image: it counts as high as the
    median of the others, where that is more than what is seen of it.

    Parameters
    ----------
    body
        The cord.
    labels
        Its part of an image in which cord voxels hold the number of their vertebra, as SCT writes it; 0 is unknown.
    """
    of_slice = np.array([_commonest(labels[:, :, at][body.cord[:, :, at]]) for at in range(labels.shape[2])])
    seen = {int(level): float(body.along_mm[of_slice == level].sum()) for level in np.unique(of_slice) if level > 0}
    inner = [height for level, height in seen.items() if min(seen) < level < max(seen)]
    place, share = np.full(len(of_slice), np.nan), np.full(len(of_slice), np.nan)
    for level, visible in seen.items():
        at_end = level in (min(seen), max(seen))
        height = max(visible, float(np.median(inner))) if at_end and inner else visible
        here = of_slice == level
        from_top = body.from_top_mm[here]
        upper_edge = (from_top - body.along_mm[here] / 2).min()
        hidden_above = height - visible if level == min(seen) else 0.0
        place[here] = level + (from_top - upper_edge + hidden_above) / height
        share[here] = body.along_mm[here] / height
    return CordLevels(place, share)


def _commonest(labels: Array) -> int:
    values, counts = np.unique(labels[labels > 0], return_counts=True)
    return round(float(values[counts.argmax()])) if values.size else 0
