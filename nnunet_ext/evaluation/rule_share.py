"""A lesion is found where a share of it is covered."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.core.errors import UsageError
from nnunet_ext.evaluation.lesions import Meetings
from nnunet_ext.evaluation.overlap_rule import Verdict

_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class ShareRule:
    """Count a reference lesion as found where predicted voxels, of however many lesions, cover a share of it.

    Parameters
    ----------
    overlap
        That share, above 0 up to 1, inclusive.
    real_overlap
        Share of a predicted lesion that must lie in reference lesions; with less it is a false positive. 0: a single
        common voxel is enough not to be one (MetricsReloaded as SCIsegV2 used it, pairwise_measures 1214-1237).
    """

    overlap: float
    real_overlap: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.overlap <= 1:
            raise UsageError(f"overlap must lie above 0 and up to 1, found {self.overlap}")
        if not 0 <= self.real_overlap <= 1:
            raise UsageError(f"real_overlap must lie from 0 to 1, found {self.real_overlap}")

    def judge(self, meetings: Meetings, voxel_volume_mm3: float) -> Verdict:
        """Judge by voxels; their volume does not matter."""
        del voxel_volume_mm3
        found = meetings.covered / meetings.reference_sizes >= self.overlap - _ROUNDING
        covering = meetings.covering
        real = (covering > 0) & (covering / meetings.predicted_sizes >= self.real_overlap - _ROUNDING)
        return Verdict(found, ~real, int(np.count_nonzero(found)))

    @property
    def words(self) -> dict[str, str]:
        """Say what TP, FN and FP mean."""
        lack = f"with less than {self.real_overlap:.0%} of their voxels" if self.real_overlap else "without a voxel"
        return {
            "TP": f"reference lesions of which at least {self.overlap:.0%} of the voxels are predicted",
            "FN": "the other reference lesions",
            "FP": f"predicted lesions {lack} in any reference lesion",
        }
