"""The metrics of one case, region by region."""

from collections.abc import Mapping

import numpy as np

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.labels import region_mask
from nnunet_ext.core.mask import strange_labels
from nnunet_ext.core.volume import Array
from nnunet_ext.evaluation.preset import SCISEG2, Preset
from nnunet_ext.evaluation.region import MetricGrid, Scoring, score_region
from nnunet_ext.evaluation.rows import RegionMetrics

__all__ = ["RegionMetrics", "evaluate_case"]


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
    if reference.shape != prediction.shape:
        raise DataRefusedError(
            f"{case}: reference and prediction must share one grid, found shapes {reference.shape} and "
            f"{prediction.shape}; predict again from the very image that the reference was drawn on"
        )
    for role, labels in (("reference", reference), ("prediction", prediction)):
        if labels.ndim != 3 or not np.issubdtype(labels.dtype, np.integer):
            found = f"{labels.dtype} of shape {labels.shape}"
            raise DataRefusedError(f"{case}: the {role} must be a 3-D integer label map, found {found}")
        if strange := strange_labels(labels, regions):
            raise DataRefusedError(f"{case}: the {role} {strange}")
    grid = grid or MetricGrid(None, voxel_volume_mm3)
    rows = []
    for name, values in regions.items():
        masks = region_mask(reference, values), region_mask(prediction, values)
        rows.append(score_region(*masks, grid, Scoring(preset), names=(case, site, name))[0])
    return rows
