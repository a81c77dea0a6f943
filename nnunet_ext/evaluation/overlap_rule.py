"""When a lesion counts as found: what every rule takes and gives."""

from dataclasses import dataclass
from typing import Protocol

from nnunet_ext.evaluation.lesions import Meetings
from nnunet_ext.evaluation.overlap import BoolArray


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a rule says of each lesion.

    Parameters
    ----------
    found
        Of each reference lesion whether it was found.
    false
        Of each predicted lesion whether it is a false positive.
    credited
        True positives in the predictive value: found reference lesions, or predicted ones that hold, by the rule.
    """

    found: BoolArray
    false: BoolArray
    credited: int


class OverlapRule(Protocol):
    """One convention of matching lesions; a frozen dataclass, so that its figures reach the output."""

    def judge(self, meetings: Meetings, voxel_volume_mm3: float) -> Verdict:
        """Judge every lesion of both masks."""
        ...

    @property
    def words(self) -> dict[str, str]:
        """Say what TP, FN and FP mean, for the data dictionary."""
        ...
