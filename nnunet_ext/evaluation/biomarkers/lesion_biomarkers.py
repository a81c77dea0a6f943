"""What is known about one lesion, and about one case: the rows of the tables."""

from dataclasses import dataclass
from enum import StrEnum

from nnunet_ext.core.volume import Array
from nnunet_ext.evaluation.biomarkers.body_frame import Labels


class LesionStatus(StrEnum):
    """What could be measured of a lesion."""

    MEASURED = "measured"
    OUTSIDE_CORD = "outside_cord"
    VOLUME_ONLY = "volume_only"
    NO_LESION = "no_lesion"


@dataclass(frozen=True)
class LesionBiomarkers:
    """One lesion: SCT's values, then corrected ones; None is a missing value. See `biomarkers_dictionary` for each."""

    lesion: int
    volume_mm3: float | None = None
    length_mm: float | None = None
    width_mm: float | None = None
    max_equivalent_diameter_mm: float | None = None
    max_axial_damage_ratio: float | None = None
    midsagittal_slice: float | None = None
    midsagittal_length_mm: float | None = None
    midsagittal_width_mm: float | None = None
    dorsal_bridge_mm: float | None = None
    ventral_bridge_mm: float | None = None
    total_bridge_mm: float | None = None
    dorsal_bridge_ratio_percent: float | None = None
    ventral_bridge_ratio_percent: float | None = None
    bridge_is_proxy: bool | None = None
    status: LesionStatus = LesionStatus.MEASURED
    outside_cord_mm3: float | None = None
    components_inside_cord: int | None = None
    midsagittal_slice_corrected: float | None = None
    midsagittal_length_corrected_mm: float | None = None
    midsagittal_width_corrected_mm: float | None = None
    dorsal_bridge_corrected_mm: float | None = None
    ventral_bridge_corrected_mm: float | None = None
    total_bridge_corrected_mm: float | None = None
    total_bridge_same_slice_mm: float | None = None
    dorsal_bridge_ratio_corrected_percent: float | None = None
    ventral_bridge_ratio_corrected_percent: float | None = None
    bridge_is_proxy_corrected: bool | None = None


@dataclass(frozen=True)
class SliceBridge:
    """Bridges of a lesion in one sagittal slice of the file, in mm."""

    lesion: int
    slice: int
    dorsal_bridge_mm: float
    ventral_bridge_mm: float

    @property
    def total_bridge_mm(self) -> float:
        """Sum of both."""
        return self.dorsal_bridge_mm + self.ventral_bridge_mm


@dataclass(frozen=True, eq=False)
class CaseBiomarkers:
    """One case.

    Parameters
    ----------
    lesions
        In the order of their numbers; the row with number 0 where there is no lesion but a level of injury.
    bridges
        By lesion, and from right to left.
    instances
        Shape of the file, in its own axes: the numbers of the lesions, before masking with the cord.
    within
        Same shape: what was measured; the lesions within the cord, all of them without a cord.
    cord
        Same shape: the cord without lesions that lie apart from it, see `cord_alone`; None without one.
    course_settled
        Whether the cord's course was found as SCT finds it, see `CordCourse`.
    cord_volume_mm3
        Of this cord.
    union_max_axial_damage_ratio
        Largest share of the cord's area that all lesions together take in one axial slice; None without a cord.
    """

    lesions: tuple[LesionBiomarkers, ...]
    bridges: tuple[SliceBridge, ...]
    instances: Labels
    within: Array
    cord: Array | None
    course_settled: bool
    cord_volume_mm3: float | None
    union_max_axial_damage_ratio: float | None

    @property
    def found(self) -> tuple[LesionBiomarkers, ...]:
        """Rows that stand for a lesion."""
        return tuple(lesion for lesion in self.lesions if lesion.status is not LesionStatus.NO_LESION)
