"""When a lesion counts as found: what every rule takes and gives, and the rules that are published."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.rounding import ROUNDING, at_least, more_than
from nnunet_ext.evaluation.lesions import Counts, Meetings
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
        found = at_least(meetings.covered / meetings.reference_sizes, self.overlap)
        covering = meetings.covering
        real = (covering > 0) & at_least(covering / meetings.predicted_sizes, self.real_overlap)
        return Verdict(found, ~real, int(np.count_nonzero(found)))

    @property
    def words(self) -> dict[str, str]:
        """Say what TP, FN and FP mean."""
        lack = f"with less than {self.real_overlap:.0%} of their voxels" if self.real_overlap else "without a voxel"
        return _words(
            f"reference lesions of which at least {self.overlap:.0%} of the voxels are predicted",
            f"predicted lesions {lack} in any reference lesion",
        )


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
        found = at_least(meetings.covered * voxel_volume_mm3, self.overlap_mm3)
        real = at_least(meetings.covering * voxel_volume_mm3, self.overlap_mm3)
        return Verdict(found, ~real, int(np.count_nonzero(found)))

    @property
    def words(self) -> dict[str, str]:
        """Say what TP, FN and FP mean."""
        mm3 = f"{self.overlap_mm3:g} mm3"
        found = f"reference lesions of which at least {mm3} are predicted"
        return _words(found, f"predicted lesions of which less than {mm3} lie in reference lesions")


@dataclass(frozen=True)
class IouRule:
    """Pair each lesion with at most one of the other mask (panoptica's naive threshold matching).

    Parameters
    ----------
    iou
        Least intersection over union of a pair, above 0 up to 1, inclusive.
    """

    iou: float

    def __post_init__(self) -> None:
        if not 0 < self.iou <= 1:
            raise UsageError(f"iou must lie above 0 and up to 1, found {self.iou}")

    def pairs(self, meetings: Meetings) -> Counts:
        """Choose pairs greedily, the best first; gives their indices into the meetings."""
        chosen: list[int] = []
        taken_reference: set[int] = set()
        taken_predicted: set[int] = set()
        iou = meetings.iou
        for pair in np.argsort(-iou, kind="stable"):
            reference, predicted = int(meetings.reference[pair]), int(meetings.predicted[pair])
            if not at_least(float(iou[pair]), self.iou):
                break
            if reference not in taken_reference and predicted not in taken_predicted:
                chosen.append(int(pair))
                taken_reference.add(reference)
                taken_predicted.add(predicted)
        return np.asarray(chosen, dtype=np.int64)

    def judge(self, meetings: Meetings, voxel_volume_mm3: float) -> Verdict:
        """Judge by voxels; their volume does not matter."""
        del voxel_volume_mm3
        chosen = self.pairs(meetings)
        found = np.zeros(len(meetings.reference_sizes), dtype=np.bool_)
        false = np.ones(len(meetings.predicted_sizes), dtype=np.bool_)
        found[meetings.reference[chosen]] = True
        false[meetings.predicted[chosen]] = False
        return Verdict(found, false, len(chosen))

    @property
    def words(self) -> dict[str, str]:
        """Say what TP, FN and FP mean."""
        return {
            "TP": f"pairs of a reference and a predicted lesion, each in one pair, of IoU {self.iou:g} or more",
            "FN": "reference lesions in no pair",
            "FP": "predicted lesions in no pair",
        }


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
        found = f"{rule}: reference lesions in the sensitivity, predicted ones in the predictive value"
        return _words(found, "the other predicted lesions")

    def _found(self, meetings: Meetings) -> BoolArray:
        covered = meetings.covered
        found = more_than(covered / meetings.reference_sizes, self.alpha)
        outside = 1 - meetings.covering / meetings.predicted_sizes
        for lesion in np.flatnonzero(found):
            here = np.flatnonzero(meetings.reference == lesion)
            largest_first = here[np.argsort(-meetings.voxels[here], kind="stable")]
            shares = np.cumsum(meetings.voxels[largest_first]) / covered[lesion]
            # Those up to and including the one that reaches gamma.
            visited = largest_first[: int(np.searchsorted(shares, self.gamma * (1 - ROUNDING))) + 1]
            found[lesion] = not more_than(outside[meetings.predicted[visited]], self.beta).any()
        return found


def _words(found: str, false: str) -> dict[str, str]:
    return {"TP": found, "FN": "the other reference lesions", "FP": false}
