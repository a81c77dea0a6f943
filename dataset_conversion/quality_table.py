"""`qc.tsv`: what was measured of every case, the unusual ones first, each with what is unusual about it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from nnunet_ext.core.cell_lists import join_list
from nnunet_ext.core.cord_place import CordPlace
from nnunet_ext.core.labels import CORD
from nnunet_ext.core.tables import NOTHING, Row, number
from nnunet_ext.dataset_conversion.convert_case import ConvertedCase

_FAR: Final = 5.0
"""Scaled median absolute deviations from the site's median; 3.5 is usual, but volumes are skewed."""

_FEWEST: Final = 6
"""Cases of a site with a value, below which no median is worth a comparison."""

_LEAST_CONTRAST: Final = 0.05  # of the cord, by which good masks of one site differ

_DIGITS: Final = "{:.6g}"

_FIXED: Final = {
    "case": "Name of the case",
    "site": "Its site",
    "split": "train, test or pool",
    "unusual": "What sets it apart from the other cases of its site, or is wrong in itself; the more, the higher up",
    "shape": "Voxels of the source image along its own axes",
    "spacing_mm": "Voxel size along these axes",
    "axes": "Where these axes go, in nibabel's letters; SCT's are the opposite ones",
    "intensity_min": "Lowest value of the image",
    "intensity_p01": "Its 1st percentile",
    "intensity_median": "Its median",
    "intensity_p99": "Its 99th percentile",
    "intensity_max": "Highest value",
    "moved_mm": "How far the farthest mask or channel was moved, by another affine or registration, root mean square",
    "lesion_voxels_outside_sc": "Lesion voxels that are not cord",
}
_CONTRAST: Final = "cord_contrast"
_PLACE: Final = "cord_place"
_OF_CORD: Final = {
    _CONTRAST: "Brightness within 3 mm around the cord mask less that inside, as a share of the range of both, median "
    "over slices; another sign or size than the site's other cases have may be a mask beside the cord",
    "cord_step_mm": "Largest sideways step of the cord mask from one slice to the next, beyond its own course",
    _PLACE: "What is wrong with the place of the cord mask",
}
_INTENSITIES: Final = ("intensity_min", "intensity_p01", "intensity_median", "intensity_p99", "intensity_max")


def quality_columns(classes: Sequence[str]) -> dict[str, str]:
    """Name and describe the columns of the table, for the target's classes."""
    columns = dict(_FIXED)
    for name in classes:
        columns[f"voxels_{name}"] = f"Voxels of the {name} mask"
        columns[f"volume_mm3_{name}"] = f"Volume of the {name} mask"
        columns[f"components_{name}"] = f"Connected components of the {name} mask (26 neighbours)"
    return columns | (_OF_CORD if CORD in classes else {})


def quality_row(case: ConvertedCase, classes: Sequence[str]) -> dict[str, str]:
    """Give a converted case's row; a class that was not annotated has ``n/a``."""
    plan, quality, outside = case.plan, case.quality, case.lesion_voxels_outside_sc
    row = dict.fromkeys(quality_columns(classes), NOTHING)
    row |= {"case": plan.case, "site": plan.site, "split": plan.split}
    if outside is not None:
        row["lesion_voxels_outside_sc"] = str(outside)
    if quality is None:
        return row
    row["shape"] = " ".join(map(str, quality.shape))
    row["spacing_mm"] = " ".join(f"{size:.4g}" for size in quality.spacing)
    row["axes"] = quality.axes
    row |= {name: _DIGITS.format(value) for name, value in zip(_INTENSITIES, quality.intensities, strict=True)}
    row["moved_mm"] = _DIGITS.format(quality.moved_mm)
    for name in classes:
        if name in quality.classes:
            found = quality.classes[name]
            row[f"voxels_{name}"] = str(found.voxels)
            row[f"volume_mm3_{name}"] = _DIGITS.format(found.volume_mm3)
            row[f"components_{name}"] = str(found.components)
    if quality.cord is not None and CORD in classes:
        row |= _of_cord(quality.cord)
    return row


def _of_cord(cord: CordPlace) -> dict[str, str]:
    return {
        _CONTRAST: NOTHING if cord.contrast is None else f"{cord.contrast:.3f}",
        "cord_step_mm": f"{cord.step_mm:.2f}",
        _PLACE: ", and ".join(cord.problems) or NOTHING,
    }


def unusual_first(rows: Iterable[Row], classes: Sequence[str]) -> list[dict[str, str]]:
    """Say of each case what is unusual about it, and sort by how much that is, then by name.

    Parameters
    ----------
    rows
        From `quality_row`, in any order.
    classes
        Of the target.

    Returns
    -------
    list of dict
        With column `unusual` filled, ``n/a`` where nothing is.
    """
    by_site: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        complete = {**dict.fromkeys(quality_columns(classes), NOTHING), **row}  # an older table has fewer columns
        by_site[row["site"]].append(complete)
    marked = [
        ({**row}, [*_wrong_in_itself(row, classes), *apart])
        for here in by_site.values()
        for row, apart in zip(here, _apart_from_site(here, classes), strict=True)
    ]
    marked.sort(key=lambda pair: (-len(pair[1]), pair[0]["case"]))
    return [row | {"unusual": join_list(reasons) or NOTHING} for row, reasons in marked]


def _wrong_in_itself(row: Row, classes: Sequence[str]) -> list[str]:
    reasons = []
    if NOTHING != row["intensity_p01"] == row["intensity_p99"]:
        reasons.append("the image is constant, or nearly")
    if row.get("voxels_sc") == "0":
        reasons.append("the cord mask is empty")
    if number(row["lesion_voxels_outside_sc"]):
        reasons.append(f"{row['lesion_voxels_outside_sc']} lesion voxels outside the cord")
    if "sc" in classes and (number(row["components_sc"]) or 0) > 1:
        reasons.append(f"the cord mask is in {row['components_sc']} pieces")
    if (place := row.get(_PLACE, NOTHING)) != NOTHING:
        reasons.append(place)
    if number(row["moved_mm"]):
        reasons.append(f"a mask or a channel was moved by {row['moved_mm']} mm")
    return reasons


def _apart_from_site(rows: Sequence[Row], classes: Sequence[str]) -> list[list[str]]:
    """Compare each case with the others of its site."""
    reasons: list[list[str]] = [[] for _ in rows]
    contrast = {_CONTRAST: _LEAST_CONTRAST} if CORD in classes else {}
    columns = dict.fromkeys(("intensity_median", "intensity_p99", *(f"volume_mm3_{name}" for name in classes)), 0.0)
    for column, least in {**columns, **contrast}.items():
        values = [number(row[column]) for row in rows]
        # A lesion that is not there is no outlier, and says nothing of how large lesions are.
        known = np.array([value for value in values if value])
        if known.size < _FEWEST:
            continue
        middle = float(np.median(known))
        spread = 1.4826 * float(np.median(np.abs(known - middle)))
        for index, value in enumerate(values):
            if value and abs(value - middle) > _FAR * max(spread, 0.01 * abs(middle), least):
                reasons[index].append(f"{column} {value:.6g}, the site's median is {middle:.6g}")
    for column in ("axes", "spacing_mm"):
        usual, count = Counter(row[column] for row in rows).most_common(1)[0]
        if len(rows) >= _FEWEST and count > 0.8 * len(rows):
            for index, row in enumerate(rows):
                if row[column] != usual:
                    reasons[index].append(f"{column} {row[column]}, most of the site have {usual}")
    return reasons
