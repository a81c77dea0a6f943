"""Where a model is sure and a label says otherwise."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from nnunet_ext.active_learning.scores.cord_zone import CordZone
from nnunet_ext.cascade.prediction.post_processing import HALF
from nnunet_ext.core.labels import Mask
from nnunet_ext.core.rounding import more_than

SURE: Final = 0.95
BORDER_MM: Final = 1.0
"""Two people, too, draw a border this far apart: what lies nearer to the other mask is no fault of the label."""


@dataclass(frozen=True)
class SureDisagreement:
    """What a second look is for, in mm3.

    Parameters
    ----------
    missing_mm3
        The model is sure of the region, and the label does not have it.
    extra_mm3
        The label has it, and the model is sure that there is none.
    """

    missing_mm3: float
    extra_mm3: float

    @property
    def volume_mm3(self) -> float:
        """Both together."""
        return self.missing_mm3 + self.extra_mm3


def sure_disagreement(
    probability: npt.NDArray[np.float32],
    label: Mask,
    known: Mask,
    zone: CordZone,
    spacing: tuple[float, float, float],
) -> SureDisagreement:
    """Compare a region's probability with its label.

    Parameters
    ----------
    probability
        The mean over passes that have not seen the case, shape (i, j, k).
    label
        The region as it was drawn.
    known
        Where somebody annotated at all: not the voxels of the label `ignore`.
    zone
        Around the cord as predicted or drawn; the rest of the image is not looked at.
    spacing
        Of the array axes, in mm; a volume is that of a grid with square corners.

    Returns
    -------
    SureDisagreement
        Of the voxels with at least 0.95 that the label lacks, and of those of the label with at most 0.05; only of
        those that lie more than 1 mm, and more than the smallest side of a voxel, from the label, or from what has
        more than one half. An empty label, or nothing predicted, is as far away as can be.
    """
    p, drawn = probability[zone.box.slices], label[zone.box.slices]
    looked_at = zone.inside & known[zone.box.slices]
    missing = looked_at & ~drawn & (p >= SURE)
    extra = looked_at & drawn & (p <= 1 - SURE)
    voxel = float(np.prod(spacing))
    return SureDisagreement(
        np.count_nonzero(missing & _away_from(drawn, spacing)) * voxel,
        np.count_nonzero(extra & _away_from(p > HALF, spacing)) * voxel,
    )


def _away_from(mask: Mask, spacing: tuple[float, float, float]) -> Mask:
    if not mask.any():
        return np.ones_like(mask)
    distance = ndimage.distance_transform_edt(~mask, sampling=spacing)
    return more_than(distance, max(BORDER_MM, min(spacing)))
