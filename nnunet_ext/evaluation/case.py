"""The metrics of one case, region by region."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from nnunet_ext.evaluation.lesionwise import detect_lesions
from nnunet_ext.evaluation.overlap import BoolArray, dice, relative_volume_error
from nnunet_ext.evaluation.preset import SCISEG2, Preset

LESION_REGION: Final = "lesion"
"""The region that is also scored lesion by lesion."""


@dataclass(frozen=True)
class RegionMetrics:
    """One row of `metrics.tsv`: one region of one case. `None` where a metric does not apply.

    `nnunet_ext.evaluation.dictionary` says what each metric means.
    """

    case: str
    site: str
    region: str
    dsc: float
    rel_vol_error: float
    lesion_ppv: float | None
    lesion_sensitivity: float | None
    lesion_f1: float | None
    ref_count: int | None
    pred_count: int | None
    ref_volume_mm3: float
    pred_volume_mm3: float


def evaluate_case(
    reference: Array,
    prediction: Array,
    voxel_volume_mm3: float,
    regions: Mapping[str, tuple[int, ...]],
    *,
    case: str,
    site: str,
    preset: Preset = SCISEG2,
) -> list[RegionMetrics]:
    """Compare a prediction with its reference, for every region.

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
        How lesions are counted.

    Returns
    -------
    list of RegionMetrics
        One a region, in the order of `regions`. Lesion-wise metrics stand for the region `lesion` only. What an empty
        mask yields is said by `dice`, `relative_volume_error` and `LesionDetection`.

    Raises
    ------
    DataRefusedError
        Where the shapes differ, the arrays are not 3-D integers, or hold a label that no region names (it would count
        as background in silence).
    """
    _check(reference, prediction, voxel_volume_mm3, regions, case)
    return [
        _region(np.isin(reference, values), np.isin(prediction, values), voxel_volume_mm3, preset, (case, site, name))
        for name, values in regions.items()
    ]


def _region(
    reference: BoolArray, prediction: BoolArray, voxel_volume_mm3: float, preset: Preset, names: tuple[str, str, str]
) -> RegionMetrics:
    case, site, region = names
    lesions = detect_lesions(reference, prediction, voxel_volume_mm3, preset) if region == LESION_REGION else None
    return RegionMetrics(
        case=case,
        site=site,
        region=region,
        dsc=dice(reference, prediction),
        rel_vol_error=relative_volume_error(reference, prediction),
        lesion_ppv=lesions.ppv if lesions else None,
        lesion_sensitivity=lesions.sensitivity if lesions else None,
        lesion_f1=lesions.f1 if lesions else None,
        ref_count=lesions.ref_count if lesions else None,
        pred_count=lesions.pred_count if lesions else None,
        ref_volume_mm3=np.count_nonzero(reference) * voxel_volume_mm3,
        pred_volume_mm3=np.count_nonzero(prediction) * voxel_volume_mm3,
    )


def _check(
    reference: Array, prediction: Array, voxel_volume_mm3: float, regions: Mapping[str, tuple[int, ...]], case: str
) -> None:
    if reference.shape != prediction.shape:
        raise DataRefusedError(
            f"{case}: reference and prediction must share one grid, found shapes {reference.shape} and "
            f"{prediction.shape}; predict again from the very image that the reference was drawn on"
        )
    if not voxel_volume_mm3 > 0:
        raise DataRefusedError(f"{case}: a voxel volume above 0 mm3 was needed, found {voxel_volume_mm3}")
    known = {0}.union(*regions.values())
    for role, labels in (("reference", reference), ("prediction", prediction)):
        if labels.ndim != 3 or not np.issubdtype(labels.dtype, np.integer):
            raise DataRefusedError(
                f"{case}: the {role} must be a 3-D integer label map, found {labels.dtype} of shape {labels.shape}"
            )
        strangers = sorted({int(value) for value in np.unique(labels)} - known)
        if strangers:
            raise DataRefusedError(
                f"{case}: the {role} holds label {', '.join(map(str, strangers))}, which no region names "
                f"({', '.join(f'{name} {list(values)}' for name, values in regions.items())}); "
                "correct the mask, or add the label to a region"
            )
