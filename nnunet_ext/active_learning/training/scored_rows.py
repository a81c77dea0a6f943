"""What a model is worth on the cases that a loop is tested on, `test_scores.tsv`."""

from collections.abc import Mapping, Sequence
from typing import Final

from nnunet_ext.core.as_row import as_row
from nnunet_ext.core.cord_section import median_section_mm2
from nnunet_ext.core.labels import CORD, Labelling, region_mask
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.tables import Row
from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.evaluate_pair import CaseResult, RegionResult

SCORE_COLUMNS: Final = (
    "round", "case", "dataset", "subject", "site", "contrast", "region", "dice", "volume_error_percent",
    "reference_mm3", "predicted_mm3", "lesion_f1", "lesions_found", "lesions_lost", "lesions_false", "cord_area_mm2",
)  # fmt: skip
"""A row a tested case and region. Metrics are those of `nnunet_ext evaluate` with its default preset, `n/a` where a
ratio has no denominator. Lesions are those of the reference that were found and that were not, and
of the prediction those that are none. The cord's area is that of the median section of the prediction."""


def score_rows(
    number: int, results: Sequence[CaseResult], datasets: Mapping[str, str], labels: Labelling
) -> list[dict[str, str]]:
    """Give the rows of one model.

    Parameters
    ----------
    number
        Of the round that trained it; 0 for the model that the loop started from.
    results
        Of all tested cases, whose predictions are label maps.
    datasets
        For each case the BIDS dataset that it is from.
    labels
        Of the predictions.
    """
    rows = []
    for result in results:
        about = result.pair.about
        told = {
            "round": number,
            "case": result.pair.case,
            "dataset": datasets.get(result.pair.case) or None,
            "subject": about.subject or None,
            "site": about.site,
            "contrast": about.contrast or None,
        }
        rows += [as_row({**told, **_measured(result, region, labels)}) for region in result.regions]
    return rows


def found_lesions(rows: Sequence[Row]) -> frozenset[tuple[str, str, str]]:
    """Take the reference lesions that were found from rows of `test_lesions.tsv`, which are those of `lesions.tsv`.

    Returns
    -------
    frozenset
        Case, region and number of each. The numbers follow from the reference alone: they are the same for all models.
    """
    seen = [row for row in rows if row["side"] == "reference" and row["matched"] == "1"]
    return frozenset((row["case"], row["region"], row["lesion"]) for row in seen)


def _measured(result: CaseResult, region: RegionResult, labels: Labelling) -> dict[str, object]:
    found = region.metrics
    values: dict[str, object] = {**dict.fromkeys(SCORE_COLUMNS[7:]), "region": region.region}
    if found is None:
        return values
    values |= {
        "dice": found.dsc,
        "volume_error_percent": found.rel_vol_error if found.ref_volume_mm3 else None,
        "reference_mm3": found.ref_volume_mm3,
        "predicted_mm3": found.pred_volume_mm3,
    }
    if region.region == CORD:
        return {**values, "cord_area_mm2": _cord_area_mm2(result, labels)}
    seen = [one for one in result.lesions if one.region == region.region]
    told = [one.matched for one in seen if one.side == "reference"]
    return {
        **values,
        "lesion_f1": found.lesion_f1 if found.ref_count or found.pred_count else None,
        "lesions_found": sum(told),
        "lesions_lost": len(told) - sum(told),
        "lesions_false": sum(not one.matched for one in seen if one.side == "prediction"),
    }


def _cord_area_mm2(result: CaseResult, labels: Labelling) -> float | None:
    if result.pair.prediction is None or result.pair.prediction.label_map is None:
        return None
    volume = read_mask(result.pair.prediction.label_map)
    return median_section_mm2(Volume(region_mask(volume.data, labels.values[CORD]), volume.affine))
