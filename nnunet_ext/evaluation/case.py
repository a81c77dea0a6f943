"""The metrics of one case, region by region."""

from collections.abc import Mapping

import numpy as np

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.labels import region_mask
from nnunet_ext.core.mask import strange_labels
from nnunet_ext.core.volume import Array
from nnunet_ext.evaluation.metric_grid import MetricGrid
from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.preset import SCISEG2, Preset
from nnunet_ext.evaluation.region import LESION_REGION, Scoring, score_region
from nnunet_ext.evaluation.rows import LesionRow, RegionMetrics

__all__ = ["LESION_REGION", "RegionMetrics", "evaluate_case", "evaluate_masks"]


def evaluate_masks(
    reference: Mapping[str, BoolArray],
    prediction: Mapping[str, BoolArray],
    grid: MetricGrid,
    scoring: Scoring,
    *,
    case: str,
    site: str,
) -> tuple[list[RegionMetrics], list[LesionRow]]:
    """Compare the masks of a prediction with those of its reference, for every region of the reference.

    Parameters
    ----------
    reference, prediction
        Region to mask, all of one shape (i, j, k) on one grid, any axis order. Regions may contain each other.
    grid
        Spacing in mm, volume of a voxel, axis along the body.
    scoring
        Preset and tolerance.
    case, site
        Names, as they shall stand in the table.

    Returns
    -------
    tuple
        A row a region, in the order of `reference`, and a row for each lesion. An empty mask is scored by the preset.

    Raises
    ------
    DataRefusedError
        Where the shapes differ, or the prediction lacks a region.
    """
    missing = [region for region in reference if region not in prediction]
    if missing:
        raise DataRefusedError(f"{case}: the prediction lacks {', '.join(missing)}")
    rows: list[RegionMetrics] = []
    lesions: list[LesionRow] = []
    for region, mask in reference.items():
        _check_shapes(mask, prediction[region], case)
        row, found = score_region(mask, prediction[region], grid, scoring, names=(case, site, region))
        rows.append(row)
        lesions += found
    return rows, lesions


def evaluate_case(
    reference: Array,
    prediction: Array,
    voxel_volume_mm3: float,
    regions: Mapping[str, tuple[int, ...]],
    *,
    case: str,
    site: str,
    preset: Preset = SCISEG2,
    grid: MetricGrid | None = None,
) -> list[RegionMetrics]:
    """Compare two label maps, for every region.

    Parameters
    ----------
    reference, prediction
        Integer label maps of one shape (i, j, k) on one grid, any axis order. Label 0 is background.
    voxel_volume_mm3
        Volume of one voxel, in mm3.
    regions
        Name to the label values that make it up. Regions may contain each other: the cord holds its lesion, so
        `sc` is (1, 2) and `lesion` is (2,).
    case, site
        Names, as they shall stand in the table.
    preset
        How lesions are counted, and what an empty mask is worth.
    grid
        With the spacing; without it distances are missing.

    Returns
    -------
    list of RegionMetrics
        One a region, in the order of `regions`.

    Raises
    ------
    DataRefusedError
        Where the shapes differ, the arrays are not 3-D integers, or hold a label that no region names (it would count
        as background in silence).
    """
    if not voxel_volume_mm3 > 0:
        raise DataRefusedError(f"{case}: a voxel volume above 0 mm3 was needed, found {voxel_volume_mm3}")
    _check_shapes(reference, prediction, case)
    masks = []
    for role, labels in (("reference", reference), ("prediction", prediction)):
        if labels.ndim != 3 or not np.issubdtype(labels.dtype, np.integer):
            found = f"{labels.dtype} of shape {labels.shape}"
            raise DataRefusedError(f"{case}: the {role} must be a 3-D integer label map, found {found}")
        if strange := strange_labels(labels, regions):
            raise DataRefusedError(f"{case}: the {role} {strange}")
        masks.append({name: region_mask(labels, values) for name, values in regions.items()})
    grid = grid or MetricGrid(None, voxel_volume_mm3)
    return evaluate_masks(masks[0], masks[1], grid, Scoring(preset), case=case, site=site)[0]


def _check_shapes(reference: Array, prediction: Array, case: str) -> None:
    if reference.shape != prediction.shape:
        raise DataRefusedError(
            f"{case}: reference and prediction must share one grid, found shapes {reference.shape} and "
            f"{prediction.shape}; predict again from the very image that the reference was drawn on"
        )
