"""What is done with a segmentation before it is written, as data."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from nnunet_ext.core.labels import Labelling

HALF: Final = 0.5
_TUMOUR_MM3: Final = {"core": 200.0, "edema": 500.0, "cavity": 500.0}
_WHOLE: Final = "whole"


class OutsideCord(StrEnum):
    """What becomes of lesions outside the cord."""

    KEEP = "keep"
    """They stay."""

    FLAG = "flag"
    """They stay, and are counted among the warnings."""

    REMOVE = "remove"
    """They go."""


@dataclass(frozen=True)
class PostProcessing:
    """Rules, applied in the order in which they stand here. By default nothing is changed.

    Parameters
    ----------
    threshold
        Probability above which a voxel belongs to a region; one half is nnU-Net's own decision.
    threshold_of
        Region and probability, in place of `threshold`.
    largest_cord
        Whether of the cord only the largest tube is kept, with the lesions in it.
    outside_cord
        What becomes of lesions outside the cord.
    fill_holes
        Regions whose holes are filled.
    smallest_mm3
        Region and volume: smaller components of it are removed.
    largest_of
        Before all others, what nnU-Net found to help the model: label values of which, taken together, only the largest
        component stays. What goes becomes background.
    """

    threshold: float = HALF
    threshold_of: tuple[tuple[str, float], ...] = ()
    largest_cord: bool = False
    outside_cord: OutsideCord = OutsideCord.FLAG
    fill_holes: tuple[str, ...] = ()
    smallest_mm3: tuple[tuple[str, float], ...] = ()
    largest_of: tuple[tuple[int, ...], ...] = ()

    @property
    def as_nnunet_decides(self) -> bool:
        """Whether every threshold is one half, so that no probability is needed."""
        return {self.threshold, *dict(self.threshold_of).values()} == {HALF}

    def thresholds(self, regions: Iterable[str]) -> dict[str, float]:
        """Give the threshold of each region."""
        return dict.fromkeys(regions, self.threshold) | {
            name: value for name, value in self.threshold_of if name in set(regions)
        }

    def content(self) -> dict[str, Any]:
        """Give the rules for a sidecar."""
        of_region = {"ThresholdOf": dict(self.threshold_of)} if self.threshold_of else {}
        of_model = {"LargestOfLabels": [list(values) for values in self.largest_of]} if self.largest_of else {}
        return {
            **of_model,
            "Threshold": self.threshold,
            **of_region,
            "LargestCord": self.largest_cord,
            "OutsideCord": str(self.outside_cord),
            "FillHoles": list(self.fill_holes),
            "SmallestMm3": dict(self.smallest_mm3),
        }


def default_post_processing(regions: Labelling) -> PostProcessing:
    """Choose rules by the names of the regions.

    For a tumour with its core, oedema and cavity they are those of Lemay et al. 2021 (NeuroImage: Clinical 31:102766):
    probabilities above one half, holes filled, and no core below 200 mm³, no oedema and no cavity below 500 mm³. All
    other models' segmentations are left as they are: a small lesion may be a real one.
    """
    if not set(_TUMOUR_MM3) <= set(regions.names):
        return PostProcessing()
    filled = tuple(name for name in regions.names if name in {_WHOLE, *_TUMOUR_MM3})
    return PostProcessing(fill_holes=filled, smallest_mm3=tuple(_TUMOUR_MM3.items()))
