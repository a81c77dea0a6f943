"""What each measure of a patient means: definition, unit, formula, and what no lesion gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from nnunet_ext.classification.measures.levels import VERTEBRA_MM

GADOLINIUM: Final = "T1w-gad"
"""Channel whose brightness over that of `PLAIN` is enhancement."""

PLAIN: Final = "T1w"


@dataclass(frozen=True)
class MeasureColumn:
    """One column in words."""

    name: str
    description: str
    unit: str = ""
    formula: str = ""
    missing: str = ""

    def entry(self) -> dict[str, str]:
        """Give the entry of a BIDS data dictionary, without what is empty."""
        keys = {"Description": self.description, "Units": self.unit, "Formula": self.formula, "Missing": self.missing}
        return {key: value for key, value in keys.items() if value}


_NO_CORD: Final = "n/a without a cord mask"
_NO_LESION: Final = "n/a without a lesion, and without a cord mask"
_VERTEBRAE: Final = "vertebrae"
_NO_SIGNAL: Final = (
    "n/a without a lesion, without this image, with fewer than 30 voxels of cord to compare with, or where these are "
    "all of one value"
)

_SIZES: Final = (
    MeasureColumn("n_lesions", "Lesions with a voxel in the cord (18-connected)", "lesions", "", "0 without a lesion"),
    MeasureColumn("total_volume_mm3", "Volume of all lesions within the cord", "mm3", "voxels x volume of a voxel",
                  "0 without a lesion"),
    MeasureColumn("largest_volume_mm3", "Volume of the largest lesion", "mm3", "", "0 without a lesion"),
    MeasureColumn("total_length_mm", "Sum of the lesions' lengths along the cord", "mm",
                  "sum over a lesion's axial slices of thickness / cos(angle of the cord)",
                  f"0 without a lesion; {_NO_CORD}"),
    MeasureColumn("longest_mm", "Length of the longest lesion", "mm", "", f"0 without a lesion; {_NO_CORD}"),
    MeasureColumn("longest_vertebrae", "The same in vertebrae", _VERTEBRAE,
                  "sum over the lesion's slices of length / height of their vertebra; where levels are not known, "
                  f"longest_mm / {VERTEBRA_MM} mm, the mean height from C1 to T12", f"0 without a lesion; {_NO_CORD}"),
    MeasureColumn("largest_section_share", "Largest share of the cord's section that all lesions together take", "1",
                  "max over axial slices of lesion voxels / cord voxels", f"0 without a lesion; {_NO_CORD}"),
    MeasureColumn("mean_section_share", "Mean of that share over the slices that hold lesion", "1",
                  "weighted by the slices' length along the cord", f"0 without a lesion; {_NO_CORD}"),
)  # fmt: skip

_PLACES: Final = (
    MeasureColumn("dorsal_position", "How far behind the cord's middle the lesions lie: 1 is the back surface, -1 the "
                  "front surface, 0 the middle", "half-diameters of the cord",
                  "mean over lesion voxels of (behind - middle) / half-diameter in the slice", _NO_LESION),
    MeasureColumn("lateral_position", "How far to a side a lesion's middle lies, whichever side: 0 is the midline",
                  "half-diameters of the cord", "|mean over a lesion's voxels of (left - middle) / half-diameter|, "
                  "mean over lesions weighted by volume", _NO_LESION),
    MeasureColumn("eccentricity", "How far from the cord's middle a lesion's middle lies, in any direction",
                  "half-diameters of the cord", "sqrt(to the side^2 + to the back^2), likewise", _NO_LESION),
    MeasureColumn("central_share", "Share of lesion voxels in the inner half of the cord; a whole section has 0.25",
                  "1", "distance from the middle < 0.5 half-diameters", _NO_LESION),
    MeasureColumn("top_fraction", "Upper end of the uppermost lesion along the cord that is seen, from its top. "
                  "Depends on what the image shows", "1", "length along the cord / its whole length", _NO_LESION),
    MeasureColumn("centre_fraction", "Mean place of the lesion voxels along the cord that is seen, from its top", "1",
                  "likewise", _NO_LESION),
    MeasureColumn("bottom_fraction", "Lower end of the lowest lesion, likewise", "1", "likewise", _NO_LESION),
    MeasureColumn("centre_level", "Mean vertebral level of the lesion voxels: 4.5 is the middle of C4, 8 the upper "
                  "edge of T1, 20 that of L1", _VERTEBRAE, "",
                  f"{_NO_LESION}; n/a where a lesion's level is not known"),
    MeasureColumn("swelling", "How much thicker the cord is at the largest lesion than beside it; 1 is not swollen",
                  "1", "median section at the lesion / mean of the median sections within 20 mm above and below, "
                  "where no lesion is; of one side where the other has less than 5 mm",
                  f"{_NO_LESION}; n/a where neither side has 5 mm"),
)  # fmt: skip

_PERSON: Final = (
    MeasureColumn("age_years", "Age", "years", "", "n/a where it is not known"),
    MeasureColumn("female", "Sex: 1 is female, 0 male", "", "", "n/a where it is not known"),
)

_CONTRAST: Final = "(median of the lesions - median of the cord) / spread of the cord; spread = 1.4826 x MAD"


def measure_dictionary(channels: Iterable[str]) -> tuple[MeasureColumn, ...]:
    """List the columns of a patient's measures.

    Parameters
    ----------
    channels
        Names of the images that are measured, such as `T2w`. Of `T1w-gad` brightness counts as enhancement.
    """
    names = list(dict.fromkeys(channels))
    enhancing = _enhancement() if GADOLINIUM in names else ()
    of_images = [column for name in names for column in _of_channel(name)]
    return (*_SIZES, *_PLACES, *of_images, *enhancing, *_PERSON)


def entries(columns: Iterable[MeasureColumn]) -> dict[str, dict[str, str]]:
    """Give a table's dictionary, ready for JSON."""
    return {column.name: column.entry() for column in columns}


def _of_channel(name: str) -> list[MeasureColumn]:
    shape = [
        MeasureColumn(f"dark_share_{name}", f"Share of lesion voxels far darker than the cord in {name}", "1",
                      "below the cord's median - 3 spreads", _NO_SIGNAL),
        MeasureColumn(f"heterogeneity_{name}", f"How uneven the lesions are in {name}; 1 is as even as the cord", "1",
                      "spread of the lesions / spread of the cord", f"{_NO_SIGNAL}; n/a below 10 lesion voxels"),
        MeasureColumn(f"sharpness_{name}", f"How sharply the lesions are bounded in {name}: 1 is a step", "1",
                      "difference of medians within 1 mm (one voxel) of both sides of the border / difference beyond",
                      f"{_NO_SIGNAL}; n/a below 10 voxels in a part, and where the whole difference is under a spread"),
    ]  # fmt: skip
    if name == GADOLINIUM:
        return shape
    bright = [
        MeasureColumn(f"contrast_{name}", f"How much brighter the lesions are than the cord in {name}",
                      "spreads of the cord", f"{_CONTRAST}; of cord without lesion within 30 mm", _NO_SIGNAL),
        MeasureColumn(f"bright_share_{name}", f"Share of lesion voxels far brighter than the cord in {name}", "1",
                      "above the cord's median + 3 spreads", _NO_SIGNAL),
    ]  # fmt: skip
    return [*bright, *shape]


def _enhancement() -> tuple[MeasureColumn, ...]:
    return (
        MeasureColumn("enhancement", f"How much brighter gadolinium made the lesions than the cord in {GADOLINIUM}",
                      "spreads of the cord", f"{_CONTRAST}, in {GADOLINIUM}, less the same in {PLAIN} where there is "
                      f"one on the same grid; without it in {GADOLINIUM} alone, which a note says", _NO_SIGNAL),
        MeasureColumn("enhancing_share", f"Share of lesion voxels far brighter than the cord in {GADOLINIUM}", "1",
                      "above the cord's median + 3 spreads", _NO_SIGNAL),
    )  # fmt: skip
