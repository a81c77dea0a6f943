"""All measures of one case's lesions, from its masks, its images and its rows of `biomarkers.tsv`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nnunet_ext.classification.measures.cord_body import CordBody, cord_body
from nnunet_ext.classification.measures.lesion_sizes import (
    LesionSize,
    Values,
    size_measures,
    sizes_of_body,
    sizes_of_rows,
)
from nnunet_ext.classification.measures.levels import VERTEBRA_MM, CordLevels, cord_levels
from nnunet_ext.classification.measures.measure_dictionary import GADOLINIUM, PLAIN
from nnunet_ext.classification.measures.place import PLACES, place_measures
from nnunet_ext.classification.measures.signal import signal_measures, surroundings
from nnunet_ext.core.components import components
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.tables import Row
from nnunet_ext.core.volume import Array, Volume

_SHARES: Final = ("largest_section_share", "mean_section_share")


@dataclass(frozen=True)
class CaseMeasures:
    """What was measured in one case.

    Parameters
    ----------
    case
        Its name.
    values
        By the names of `measure_dictionary`; None is a missing value.
    notes
        What a reader of the values should know.
    """

    case: str
    values: Values
    notes: tuple[str, ...] = ()


def measure_case(
    case: str,
    lesion: Volume,
    cord: Volume | None,
    images: Mapping[str, Array],
    *,
    levels: Array | None = None,
    rows: Sequence[Row] | None = None,
) -> CaseMeasures:
    """Measure the lesions of a case.

    Parameters
    ----------
    case
        Its name.
    lesion
        Voxels above 0 are lesion; any orientation. An empty mask gives counts, sizes and shares of 0, all else missing.
    cord
        On the same grid, lesions included; None, or empty, where there is none: then only count and volumes are known.
    images
        For each channel its image, an array on the same grid.
    levels
        The same for numbers of vertebrae in the cord's voxels (C1 is 1, 0 is unknown), as SCT labels them.
    rows
        The case's rows of `biomarkers.tsv`, which number and sizes are then taken from.

    Raises
    ------
    DataRefusedError
        Where an array is not on the lesion's grid.
    """
    for name, array in {**images, **({} if levels is None else {"levels": levels})}.items():
        if array.shape != lesion.data.shape:
            raise DataRefusedError(
                f"{case}: {name} on the grid of the lesion mask was needed, {lesion.data.shape}, found {array.shape}; "
                f"resample it first"
            )
    body = None if cord is None else cord_body(lesion, cord)
    if body is None:
        sizes = _sizes_without_cord(lesion) if rows is None else sizes_of_rows(rows)
        return CaseMeasures(case, _without_cord(sizes, images), ("no cord: count and volumes only",))
    sizes = sizes_of_body(body) if rows is None else sizes_of_rows(rows)
    at_levels = None if levels is None else cord_levels(body, body.cut(levels, lesion))
    measured = size_measures(sizes)
    vertebrae, by_levels = _vertebrae(body, at_levels, measured["longest_mm"])
    parts = surroundings(body)
    signals = {name: signal_measures(parts, body.cut(image, lesion)) for name, image in images.items()}
    values = {**measured, "longest_vertebrae": vertebrae, **place_measures(body, at_levels)}
    notes = () if by_levels or not sizes else (f"levels not known: a vertebra was taken for {VERTEBRA_MM} mm",)
    plain = (f"enhancement against the cord: no {PLAIN}",) if _against_cord(signals) else ()
    return CaseMeasures(case, {**values, **_by_channel(signals)}, (*notes, *plain))


def _sizes_without_cord(lesion: Volume) -> tuple[LesionSize, ...]:
    numbered, _ = components(np.ascontiguousarray(lesion.data > 0), 18)
    return tuple(LesionSize(float(count) * lesion.voxel_volume_mm3, None) for count in np.bincount(numbered.flat)[1:])


def _without_cord(sizes: Sequence[LesionSize], images: Mapping[str, Array]) -> Values:
    signals = {name: signal_measures(None, image) for name, image in images.items()}
    known = size_measures([replace(size, length_mm=None) for size in sizes])
    lengths = dict.fromkeys(("total_length_mm", "longest_mm", "longest_vertebrae", *_SHARES))
    return {**known, **lengths, **dict.fromkeys(PLACES), **_by_channel(signals)}


def _vertebrae(body: CordBody, levels: CordLevels | None, longest_mm: float | None) -> tuple[float | None, bool]:
    """Give the extent of the longest lesion in vertebrae, and whether that is by levels."""
    extents = [None if levels is None else levels.extent(body.slices_of(lesion)) for lesion in body.numbers]
    known = [extent for extent in extents if extent is not None]
    if known and len(known) == len(extents):
        return max(known), True
    return (None if longest_mm is None else longest_mm / VERTEBRA_MM), False


def _against_cord(signals: Mapping[str, Values]) -> bool:
    """Tell whether there is enhancement and nothing from before gadolinium to hold it against."""
    after, before = (signals.get(name, {}).get("contrast") for name in (GADOLINIUM, PLAIN))
    return after is not None and before is None


def _by_channel(signals: Mapping[str, Values]) -> Values:
    """Name the measures by their channels; gadolinium's brightness is enhancement."""
    values: Values = {}
    for channel, found in signals.items():
        for name, value in found.items():
            if channel != GADOLINIUM or name not in ("contrast", "bright_share"):
                values[f"{name}_{channel}"] = value
    if GADOLINIUM in signals:
        bright = signals[GADOLINIUM]["contrast"]
        before = signals.get(PLAIN, {}).get("contrast")
        values["enhancement"] = bright if bright is None or before is None else bright - before
        values["enhancing_share"] = signals[GADOLINIUM]["bright_share"]
    return values
