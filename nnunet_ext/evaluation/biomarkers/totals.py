"""One row for a whole case."""

from collections.abc import Sequence
from typing import Any

from nnunet_ext.evaluation.biomarkers.lesion_biomarkers import CaseBiomarkers, LesionBiomarkers, LesionStatus
from nnunet_ext.evaluation.biomarkers.measured_case import CaseTotals
from nnunet_ext.evaluation.biomarkers.value_ranges import total_volume, total_volumes

_SIDES = ("dorsal", "ventral", "total")


def case_totals(
    case: CaseBiomarkers, variants: Sequence[CaseBiomarkers] = (), volume_soft_mm3: float | None = None
) -> CaseTotals:
    """Sum up a case.

    Volumes and lengths are added, width and damage are the largest, as SCT prints them (sct_analyze_lesion.py:276-284).
    Bridges are the smallest over the lesions that reach the midsagittal plane; where none does, over their proxies.

    Parameters
    ----------
    case
        As it was measured.
    variants
        Drawn otherwise: the range of the whole volume.
    volume_soft_mm3
        Of a soft mask.
    """
    outside = sum(row.status is LesionStatus.OUTSIDE_CORD for row in case.found)
    low, high = total_volumes(case, variants) if variants else (None, None)
    lengths, widths, damages = (
        [value for row in case.found if (value := getattr(row, name)) is not None]
        for name in ("length_mm", "width_mm", "max_axial_damage_ratio")
    )
    with_cord = case.cord_volume_mm3 is not None
    return CaseTotals(
        n_lesions=len(case.found) - outside,
        n_lesions_outside_cord=outside,
        total_volume_mm3=total_volume(case),
        total_length_mm=float(sum(lengths)) if with_cord else None,
        max_width_mm=max(widths, default=None),
        max_axial_damage_ratio=max(damages, default=None),
        union_max_axial_damage_ratio=case.union_max_axial_damage_ratio,
        **_bridges(case.lesions, "_mm", "bridge_is_proxy"),
        **_bridges(case.lesions, "_corrected_mm", "bridge_is_proxy_corrected"),
        total_bridge_same_slice_mm=_smallest(case.lesions, "total_bridge_same_slice_mm", "bridge_is_proxy_corrected"),
        outside_cord_mm3=float(sum(row.outside_cord_mm3 or 0 for row in case.found)) if with_cord else None,
        cord_volume_mm3=case.cord_volume_mm3,
        total_volume_soft_mm3=volume_soft_mm3,
        total_volume_low_mm3=low,
        total_volume_high_mm3=high,
    )


def _bridges(rows: Sequence[LesionBiomarkers], ending: str, flag: str) -> dict[str, Any]:
    flags = [getattr(row, flag) for row in rows if getattr(row, flag) is not None]
    found: dict[str, Any] = {
        f"{side}_bridge{ending}": _smallest(rows, f"{side}_bridge{ending}", flag) for side in _SIDES
    }
    return {**found, flag: all(flags) if flags else None}


def _smallest(rows: Sequence[LesionBiomarkers], name: str, flag: str) -> float | None:
    measured, proxies = (
        [value for row in rows if getattr(row, flag) is proxy and (value := getattr(row, name)) is not None]
        for proxy in (False, True)
    )
    return min(measured or proxies, default=None)
