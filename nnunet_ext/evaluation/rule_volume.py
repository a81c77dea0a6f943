"""A lesion is found where some mm3 of it are covered."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.core.errors import UsageError
from nnunet_ext.evaluation.lesions import Meetings
from nnunet_ext.evaluation.overlap_rule import Verdict

_ROUNDING: Final = 1e-6


@dataclass(frozen=True)
class VolumeRule:
    """Count a reference lesion as found where predicted voxels cover a volume of it (Lemay et al. 2021).

    A reference lesion smaller than that volume can never be found, and a predicted one always is a false positive:
    give the preset a smallest lesion too where such lesions matter.

    Parameters
    ----------
    overlap_mm3
        That volume in mm3, above 0, inclusive. Lemay's own tool rounds it to whole voxels; here it is exact.
    """

    overlap_mm3: float

    def __post_init__(self) -> None:
        if not self.overlap_mm3 > 0:
            raise UsageError(f"overlap_mm3 must lie above 0, found {self.overlap_mm3}")

    def judge(self, meetings: Meetings, voxel_volume_mm3: float) -> Verdict:
        """Judge by the volume in mm3 that lesions share."""
        least = self.overlap_mm3 * (1 - _ROUNDING)
        found = meetings.covered * voxel_volume_mm3 >= least
        real = meetings.covering * voxel_volume_mm3 >= least
        return Verdict(found, ~real, int(np.count_nonzero(found)))

    @property
    def words(self) -> dict[str, str]:
        """Say what TP, FN and FP mean."""
        return {
            "TP": f"reference lesions of which at least {self.overlap_mm3:g} mm3 are predicted",
            "FN": "the other reference lesions",
            "FP": f"predicted lesions of which less than {self.overlap_mm3:g} mm3 lie in reference lesions",
        }
