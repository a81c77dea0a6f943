"""A lesion is found where it is covered, and not by something much larger."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.core.errors import UsageError
from nnunet_ext.evaluation.lesions import Meetings
from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.overlap_rule import Verdict

_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class AnimaRule:
    """Find lesions as Anima does (Commowick et al. 2018, Scientific Reports 8:13650).

    A reference lesion is found where more than `alpha` of it is covered and, of the predicted lesions that cover most
    of it, taken from the largest share on until they make up `gamma` of what is covered, none lies outside the
    reference by more than `beta` of itself. The same rule with the masks exchanged says which predicted lesions hold.

    Parameters
    ----------
    alpha, beta, gamma
        Shares, above 0 up to 1.
    """

    alpha: float = 0.10
    beta: float = 0.70
    gamma: float = 0.65

    def __post_init__(self) -> None:
        if not all(0 < share <= 1 for share in (self.alpha, self.beta, self.gamma)):
            raise UsageError(f"alpha, beta and gamma must lie above 0 and up to 1, found {self}")

    def judge(self, meetings: Meetings, voxel_volume_mm3: float) -> Verdict:
        """Judge by voxels; their volume does not matter."""
        del voxel_volume_mm3
        holding = self._found(meetings.transposed)
        return Verdict(self._found(meetings), ~holding, int(np.count_nonzero(holding)))

    @property
    def words(self) -> dict[str, str]:
        """Say what TP, FN and FP mean."""
        rule = (
            f"lesions of which more than {self.alpha:.0%} are covered, where those that make up {self.gamma:.0%} of "
            f"the cover, largest first, lie outside by at most {self.beta:.0%} of themselves"
        )
        return {
            "TP": f"{rule}: reference lesions in the sensitivity, predicted ones in the predictive value",
            "FN": "the other reference lesions",
            "FP": "the other predicted lesions",
        }

    def _found(self, meetings: Meetings) -> BoolArray:
        covered = meetings.covered
        found: BoolArray = covered / meetings.reference_sizes > self.alpha + _ROUNDING
        outside = 1 - meetings.covering / meetings.predicted_sizes
        for lesion in np.flatnonzero(found):
            here = np.flatnonzero(meetings.reference == lesion)
            largest_first = here[np.argsort(-meetings.voxels[here], kind="stable")]
            shares = np.cumsum(meetings.voxels[largest_first]) / covered[lesion]
            # Those up to and including the one that reaches gamma.
            visited = largest_first[: int(np.searchsorted(shares, self.gamma - _ROUNDING)) + 1]
            found[lesion] = not (outside[meetings.predicted[visited]] > self.beta + _ROUNDING).any()
        return found
