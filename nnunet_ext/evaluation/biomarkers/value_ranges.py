"""How far a lesion's values go when it is drawn by other folds, or at other thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnunet_ext.evaluation.biomarkers.lesion_biomarkers import CaseBiomarkers, LesionBiomarkers, LesionStatus


@dataclass(frozen=True)
class ValueRange:
    """The range of a lesion's values over its own and all variants that hold it; None is a missing value.

    Not a confidence interval: the smallest and the largest of the values, nothing is assumed of their distribution.

    Parameters
    ----------
    variants_found
        How many variants have a lesion that overlaps this one. A variant without one has volume 0 and no bridges.
    """

    volume_low_mm3: float | None
    volume_high_mm3: float | None
    dorsal_bridge_low_mm: float | None
    dorsal_bridge_high_mm: float | None
    ventral_bridge_low_mm: float | None
    ventral_bridge_high_mm: float | None
    total_bridge_low_mm: float | None
    total_bridge_high_mm: float | None
    variants: int
    variants_found: int


def lesion_intervals(case: CaseBiomarkers, variants: Sequence[CaseBiomarkers]) -> dict[int, ValueRange]:
    """Find each lesion in each variant, and give the ranges.

    A lesion's counterpart is the lesion of the variant that shares most voxels with it (of equals the first).

    Parameters
    ----------
    case
        As it was measured.
    variants
        The same case drawn otherwise, on the same grid; where there is none, nothing is returned.

    Returns
    -------
    dict
        By the lesion's number.
    """
    if not variants:
        return {}
    partners = [_partners(case, variant) for variant in variants]
    return {row.lesion: _interval(row, [found.get(row.lesion) for found in partners]) for row in case.found}


def total_volumes(case: CaseBiomarkers, variants: Sequence[CaseBiomarkers]) -> tuple[float, float]:
    """Give the range of the volume of all lesions within the cord, in mm3."""
    totals = [total_volume(one) for one in (case, *variants)]
    return min(totals), max(totals)


def total_volume(case: CaseBiomarkers) -> float:
    """Add up the volumes of all lesions that were measured, in mm3; 0 without one, and nothing outside the cord."""
    return sum(_volume(row) for row in case.found)


def _partners(case: CaseBiomarkers, variant: CaseBiomarkers) -> dict[int, LesionBiomarkers]:
    """For each lesion its counterpart, by number."""
    both = (case.instances > 0) & (variant.instances > 0)
    count = int(variant.instances.max(initial=0)) + 1
    pairs = np.bincount(case.instances[both].astype(np.int64) * count + variant.instances[both], minlength=1)
    shared = np.resize(np.pad(pairs, (0, -pairs.size % count)), (-(-pairs.size // count), count))
    rows = {row.lesion: row for row in variant.found}
    return {at: rows[int(shared[at].argmax())] for at in range(1, len(shared)) if shared[at].any()}


def _interval(row: LesionBiomarkers, partners: Sequence[LesionBiomarkers | None]) -> ValueRange:
    found = [partner for partner in partners if partner is not None]
    volumes = [_volume(row), *(0.0 if partner is None else _volume(partner) for partner in partners)]
    dorsal, ventral, total = (
        [getattr(one, f"{side}_bridge_mm") for one in (row, *found)] for side in ("dorsal", "ventral", "total")
    )
    return ValueRange(
        *_range(volumes),
        *_range(dorsal),
        *_range(ventral),
        *_range(total),
        variants=len(partners),
        variants_found=len(found),
    )


def _volume(row: LesionBiomarkers) -> float:
    return 0.0 if row.status is LesionStatus.OUTSIDE_CORD else row.volume_mm3 or 0.0


def _range(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    there = [value for value in values if value is not None]
    return (min(there), max(there)) if there else (None, None)
