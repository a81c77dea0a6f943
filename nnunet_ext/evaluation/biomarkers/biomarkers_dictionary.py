"""What every column of the tables means: definition, unit, source, and what an empty mask gives."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Measure:
    """One column in words."""

    name: str
    description: str
    unit: str = ""
    source: str = "nnunet_ext"
    missing: str = ""

    def entry(self) -> dict[str, str]:
        """Give the entry of a BIDS data dictionary, without what is empty."""
        keys = {"Description": self.description, "Units": self.unit, "Source": self.source, "Missing": self.missing}
        return {key: value for key, value in keys.items() if value}


_SCT: Final = "sct_analyze_lesion of SCT 3b3c5b22d, line"
_WITHIN_IMAGE: Final = "sct_analyze_lesion of SCT 3b3c5b22d, `_measure_within_im`, before line 315"
_NO_ROW: Final = "no row"
_NO_CORD: Final = "n/a without a cord mask, and for a lesion outside the cord"
_PLANE: Final = "the midsagittal plane, interpolated between its two sagittal slices"
_PADDED: Final = "{} moves by up to {} % when the image is padded along the body"
_SIZE_ERRORS: Final = (
    "of 360 drawn ellipsoids (benchmarks/lesion_size.py) SCT's {} has a root mean square error of {} mm, this one of {}"
)
_INTERVAL: Final = (
    "over the lesion itself and its counterparts (largest overlap) in interval_source; a range, no confidence interval"
)

LESION_DICTIONARY: Final = (
    Measure("case", "Name of the case"),
    Measure("lesion", "Number of the lesion, that of its voxels in the image of instances: 18-connected component of "
            "the mask before masking by the cord, numbered from right to left by first voxel; 0 where there is no "
            "lesion but a level of injury", source=f"{_SCT} 1302",
            missing="an empty mask has no row, or row 0 with --nli-slice"),
    Measure("volume_mm3", "Voxels of the lesion within the cord times their volume; of a lesion wholly outside "
            "(status) or without a cord mask all its voxels. Sums over lesions should leave out status outside_cord",
            "mm3", f"{_SCT} 315", "n/a in row 0"),
    Measure("length_mm", "Sum over its axial slices of thickness / cos(angle of the cord). SCT smooths the cord's "
            f"course the less, the more of the image lies beyond the cord: {_PADDED.format('a length', '9')} (1 % in a "
            "manual mask of a real cord; where each slice of the cord was drawn a voxel off by itself it is a third or "
            "more, see benchmarks/lesion_size.py). No corrected column moves", "mm", f"{_SCT} 694, 1087", _NO_CORD),
    Measure("width_mm", "Largest over axial slices of (front - back + 1) voxels, all sagittal slices together, times "
            "voxel depth times cos(angle from the side)", "mm", f"{_SCT} 708-712", _NO_CORD),
    Measure("max_equivalent_diameter_mm",
            "2 sqrt(A / pi), A the largest area in an axial slice times cos(angle of the cord)", "mm",
            f"{_SCT} 791-792", _NO_CORD),
    Measure("max_axial_damage_ratio", "Largest over axial slices of lesion area / cord area", "1", f"{_SCT} 339-348",
            _NO_CORD),
    Measure("midsagittal_slice", "Index along the file's own right-left axis, from 0, fractions kept: mean of the "
            "cord's centres in five axial slices, those without cord left out, about the centre of the largest lesion "
            "within the cord, or the centre at --nli-slice. As SCT has it: at the lower end of the image slices of the "
            "upper end are taken", "slice",
            f"{_SCT} 970-971, 1180-1211", f"{_NO_CORD}; n/a where SCT stops with an error, as are the columns that "
            "rest on it: within two slices of the upper end, or where none of the five has cord"),
    Measure("midsagittal_length_mm", f"Length in {_PLANE}: sum over axial slices of the mean of its positive values "
            "times thickness / cos(angle from the side). Shrinks where one of the slices does not hold the lesion; "
            "0 where neither does", "mm", f"{_SCT} 732-743", _NO_CORD),
    Measure("midsagittal_width_mm", f"Width in {_PLANE}: largest sum from back to front times depth times cos(angle "
            f"from the side). Shrinks, too. {_PADDED.format('A width', '9')}", "mm", f"{_SCT} 771-780", _NO_CORD),
    Measure("dorsal_bridge_mm", f"Cord behind the lesion in {_PLANE} (the one slice that holds the lesion where the "
            "other does not), smallest over axial slices, times depth times cos(angle from the side); see "
            f"bridge_is_proxy. {_PADDED.format('A bridge', '10')}, see length_mm", "mm",
            f"{_SCT} 437-462, 598-605, 1221-1245", _NO_CORD),
    Measure("ventral_bridge_mm", "The same before the lesion", "mm", f"{_SCT} 602-605", _NO_CORD),
    Measure("total_bridge_mm", "dorsal_bridge_mm + ventral_bridge_mm; the two may come from different axial slices",
            "mm", f"{_SCT} 661-663", _NO_CORD),
    Measure("dorsal_bridge_ratio_percent", "100 dorsal / total; 0 where total is 0 or n/a, as in SCT's table", "%",
            f"{_SCT} 367-377", f"{_NO_CORD}, and in row 0"),
    Measure("ventral_bridge_ratio_percent", "100 ventral / total, the same way", "%", f"{_SCT} 367-377",
            f"{_NO_CORD}, and in row 0"),
    Measure("bridge_is_proxy", "true where the lesion does not reach the midsagittal plane, or there is none: no "
            "bridge is measured, dorsal and ventral are halves of the cord's smallest depth in that plane at the "
            "lesion's level (or at --nli-slice), counted as SCT does in the cord's voxels, where both of the plane's "
            "slices hold cord; n/a where nowhere both do", "", f"{_SCT} 406-423, 478-511", _NO_CORD),
    Measure("status", "measured; outside_cord: wholly outside, only its volume stands here; volume_only: there is no "
            "cord mask; no_lesion: row 0"),
    Measure("outside_cord_mm3", "Volume of the lesion's voxels outside the cord", "mm3",
            missing="n/a without a cord mask"),
    Measure("components_inside_cord",
            "18-connected components of the lesion within the cord: above 1 the cord's border splits it", "components",
            missing="n/a without a cord mask"),
    Measure("midsagittal_slice_corrected", "midsagittal_slice from those of the five slices that are in the image "
            "and hold cord; where none does, from the nearest that does. All corrected columns rest on it. Reason: at "
            "the ends of an image SCT takes slices of the other end, or stops", "slice", missing=_NO_CORD),
    Measure("midsagittal_length_corrected_mm", "Length along the cord's own centreline in the midsagittal plane, from "
            "the moments of the lesion's voxels in the plane's two sagittal slices (Pearson type II: exact for a bar "
            "and an ellipse), within half a slice of what is counted there, and between the slices by the lesion's "
            f"form from right to left. Reason: {_SIZE_ERRORS.format('length', '3.3', '1.4')}", "mm", missing=_NO_CORD),
    Measure("midsagittal_width_corrected_mm", "Width in the midsagittal plane, the largest of a parabola through the "
            "squared widths of the axial slices, between the sagittal slices likewise. Reason: "
            f"{_SIZE_ERRORS.format('width', '0.5', '0.3')}", "mm", missing=_NO_CORD),
    Measure("dorsal_bridge_corrected_mm", "dorsal_bridge_mm at midsagittal_slice_corrected, with angles of the cord "
            "that do not depend on how much of the image lies beyond it", "mm", missing=_NO_CORD),
    Measure("ventral_bridge_corrected_mm", "ventral_bridge_mm, the same way", "mm", missing=_NO_CORD),
    Measure("total_bridge_corrected_mm", "Sum of these two", "mm", missing=_NO_CORD),
    Measure("total_bridge_same_slice_mm",
            "Smallest sum of dorsal and ventral bridge in one and the same axial slice, at midsagittal_slice_corrected",
            "mm", missing=_NO_CORD),
    Measure("dorsal_bridge_ratio_corrected_percent", "100 dorsal / total of the corrected bridges. Reason: SCT's 0 "
            "stands for a bridge of 0 and for none, and its 50 also for a proxy, which is halved by definition", "%",
            missing=f"{_NO_CORD}; n/a where the total is 0, and for a proxy"),
    Measure("ventral_bridge_ratio_corrected_percent", "100 ventral / total, the same way", "%",
            missing=f"{_NO_CORD}; n/a where the total is 0, and for a proxy"),
    Measure("bridge_is_proxy_corrected", "bridge_is_proxy at midsagittal_slice_corrected; a proxy is half of the "
            "cord's depth from its first to its last voxel, of the one slice that holds cord where the other does not. "
            "Reason: a hole in the cord mask, such as a lesion left out of it, is no narrowing of the cord",
            missing=_NO_CORD),
    Measure("volume_soft_mm3", "Sum of the soft mask's (or --probability's) values over the lesion's voxels that "
            "volume_mm3 counts, times their volume", "mm3", missing="n/a where all masks are hard"),
    Measure("image_mean", "Mean of --image over those of the same voxels where it is not 0", "of the image",
            _WITHIN_IMAGE, "n/a without --image, and where it is 0 in all of them"),
    Measure("image_sd", "Its standard deviation over these voxels (n)", "of the image", _WITHIN_IMAGE,
            "n/a without --image, and where it is 0 in all of them"),
    Measure("image_mean_corrected", "Mean of --image over every voxel that volume_mm3 counts. Reason: 0 is a value "
            "like others after normalisation and in maps of differences", "of the image",
            missing="n/a without --image"),
    Measure("image_sd_corrected", "Its standard deviation over these voxels (n)", "of the image",
            missing="n/a without --image"),
    Measure("volume_low_mm3", f"Smallest volume within the cord {_INTERVAL}; 0 for one without the lesion", "mm3"),
    Measure("volume_high_mm3", "Largest, the same way", "mm3"),
    Measure("dorsal_bridge_low_mm", f"Smallest dorsal_bridge_mm {_INTERVAL}; those without the lesion left out", "mm"),
    Measure("dorsal_bridge_high_mm", "Largest, the same way", "mm"),
    Measure("ventral_bridge_low_mm", "Smallest ventral_bridge_mm, the same way", "mm"),
    Measure("ventral_bridge_high_mm", "Largest", "mm"),
    Measure("total_bridge_low_mm", "Smallest total_bridge_mm, the same way", "mm"),
    Measure("total_bridge_high_mm", "Largest", "mm"),
    Measure("variants", "How often the case was drawn otherwise", "masks"),
    Measure("variants_found", "In how many of them the lesion has a counterpart", "masks"),
    Measure("interval_source",
            "What was drawn otherwise: masks of other folds (--folds), or the lesion's probability at other thresholds",
            missing="n/a without either, as all columns of intervals"),
)  # fmt: skip
"""Of `biomarkers.tsv`, in its order."""

BRIDGE_DICTIONARY: Final = (
    Measure("case", "Name of the case"),
    Measure("lesion", "Number of the lesion"),
    Measure("slice", "Sagittal slice: index along the file's own right-left axis, from 0"),
    Measure("dorsal_bridge_mm", "Cord behind the lesion in this slice, smallest over axial slices", "mm",
            f"{_SCT} 598-605, 640, 661-663", _NO_ROW),
    Measure("ventral_bridge_mm", "Cord before it, the same way", "mm", f"{_SCT} 598-605, 640, 661-663", _NO_ROW),
    Measure("total_bridge_mm", "Sum of both", "mm", f"{_SCT} 661-663", _NO_ROW),
)  # fmt: skip
"""Of `bridges.tsv`: one row for each lesion and each sagittal slice that holds it."""

_SMALLEST: Final = "smallest over the lesions that reach the midsagittal plane; where none does, over their proxies"

CASE_DICTIONARY: Final = (
    Measure("case", "Name of the case"),
    Measure("subject", "BIDS subject, from --cases, else from the case's name"),
    Measure("session", "BIDS session, likewise"),
    Measure("site", "From --cases"),
    Measure("contrast", "BIDS suffix, from --cases, else from the case's name"),
    Measure("status", "measured; volume_only: there is no cord mask; refused: see reason"),
    Measure("reason", "Why the case could not be measured, or not in full"),
    Measure("n_lesions", "Lesions with a voxel in the cord; without a cord mask all", "lesions", missing="0"),
    Measure("n_lesions_outside_cord", "Lesions wholly outside the cord", "lesions", missing="0"),
    Measure("total_volume_mm3", "Sum of the former's volumes", "mm3", f"{_SCT} 276-284", "0"),
    Measure("total_length_mm", "Sum of their lengths", "mm", f"{_SCT} 276-284", "0"),
    Measure("max_width_mm", "Their largest width", "mm", f"{_SCT} 276-284", "n/a"),
    Measure("max_axial_damage_ratio", "Their largest max_axial_damage_ratio", "1", missing="n/a"),
    Measure("union_max_axial_damage_ratio",
            "Largest share of the cord's area that all lesions together take in one axial slice", "1", missing="0"),
    Measure("dorsal_bridge_mm", f"dorsal_bridge_mm, {_SMALLEST}", "mm", missing="n/a, or as row 0 has it"),
    Measure("ventral_bridge_mm", "ventral_bridge_mm, likewise", "mm", missing="n/a, or as row 0 has it"),
    Measure("total_bridge_mm", "total_bridge_mm, likewise", "mm", missing="n/a, or as row 0 has it"),
    Measure("bridge_is_proxy", "true where no lesion reaches the midsagittal plane", missing="n/a, or true"),
    Measure("dorsal_bridge_corrected_mm", "dorsal_bridge_corrected_mm, likewise", "mm"),
    Measure("ventral_bridge_corrected_mm", "ventral_bridge_corrected_mm, likewise", "mm"),
    Measure("total_bridge_corrected_mm", "total_bridge_corrected_mm, likewise", "mm"),
    Measure("total_bridge_same_slice_mm", "total_bridge_same_slice_mm, likewise", "mm"),
    Measure("bridge_is_proxy_corrected", "bridge_is_proxy, for the corrected columns"),
    Measure("outside_cord_mm3", "Volume of all lesion voxels outside the cord", "mm3", missing="0"),
    Measure("cord_volume_mm3", "Volume of the cord mask", "mm3", missing="n/a without one"),
    Measure("total_volume_soft_mm3", "Sum of the soft mask's (or --probability's) values within the cord, also below "
            "the threshold, times the voxel's volume", "mm3", missing="n/a where all masks are hard"),
    Measure("total_volume_low_mm3", "Smallest total volume over the case and interval_source; a range", "mm3",
            missing="n/a"),
    Measure("total_volume_high_mm3", "Largest", "mm3", missing="n/a"),
    Measure("interval_source", "What was drawn otherwise", missing="n/a without --folds and probabilities"),
    Measure("instances", "Image of the lesions' numbers, below this folder, in the mask's own geometry", missing="n/a"),
    Measure("notes", "What reading had to choose"),
)  # fmt: skip
"""Of `cases_biomarkers.tsv`: every case in one row."""


def entries(columns: tuple[Measure, ...]) -> dict[str, dict[str, str]]:
    """Give a table's dictionary, ready for JSON."""
    return {column.name: column.entry() for column in columns}
