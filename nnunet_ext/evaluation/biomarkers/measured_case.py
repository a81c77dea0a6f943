"""What became of one case, small enough to travel between processes."""

from dataclasses import dataclass
from enum import StrEnum

from nnunet_ext.evaluation.biomarkers.intensity import Intensity
from nnunet_ext.evaluation.biomarkers.lesion_biomarkers import LesionBiomarkers, SliceBridge
from nnunet_ext.evaluation.biomarkers.value_ranges import ValueRange


class CaseStatus(StrEnum):
    """What could be measured of a case."""

    MEASURED = "measured"
    VOLUME_ONLY = "volume_only"
    REFUSED = "refused"


@dataclass(frozen=True)
class MeasuredLesion:
    """One lesion with all that was asked of it; None where it was not, or is missing."""

    biomarkers: LesionBiomarkers
    volume_soft_mm3: float | None = None
    intensity: Intensity | None = None
    interval: ValueRange | None = None


@dataclass(frozen=True)
class CaseTotals:
    """Figures of a whole case; `biomarkers_dictionary` says what each field is. None is a missing value."""

    n_lesions: int
    n_lesions_outside_cord: int
    total_volume_mm3: float
    total_length_mm: float | None = None
    max_width_mm: float | None = None
    max_axial_damage_ratio: float | None = None
    union_max_axial_damage_ratio: float | None = None
    dorsal_bridge_mm: float | None = None
    ventral_bridge_mm: float | None = None
    total_bridge_mm: float | None = None
    bridge_is_proxy: bool | None = None
    dorsal_bridge_corrected_mm: float | None = None
    ventral_bridge_corrected_mm: float | None = None
    total_bridge_corrected_mm: float | None = None
    total_bridge_same_slice_mm: float | None = None
    bridge_is_proxy_corrected: bool | None = None
    outside_cord_mm3: float | None = None
    cord_volume_mm3: float | None = None
    total_volume_soft_mm3: float | None = None
    total_volume_low_mm3: float | None = None
    total_volume_high_mm3: float | None = None


@dataclass(frozen=True)
class MeasuredCase:
    """One case.

    Parameters
    ----------
    case
        Its name.
    status, reason
        What could be measured, and why not all.
    notes
        What reading had to choose.
    lesions, bridges
        Rows of the tables.
    totals
        None where the case was refused.
    instances
        The image of its lesions' numbers, below the output folder; empty where there is none.
    interval_source
        What the intervals range over; empty where there are none.
    image
        Stem of the image that was measured inside the lesions; empty without one.
    """

    case: str
    status: CaseStatus
    reason: str = ""
    notes: tuple[str, ...] = ()
    lesions: tuple[MeasuredLesion, ...] = ()
    bridges: tuple[SliceBridge, ...] = ()
    totals: CaseTotals | None = None
    instances: str = ""
    interval_source: str = ""
    image: str = ""
