"""Clinical scores that follow from a patient's lesions, with the noise that real ones have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnunet_ext.phantom.lesions import Blob, Pathology
from nnunet_ext.phantom.patient import Patient
from nnunet_ext.phantom.spine import Spine, build_spine

_ACROSS: Final = 32  # samples across the cord
_BELOW_ARMS: Final = 8.5  # injuries below this level spare the arms
_SEVERE_MM3: Final = 1500.0


@dataclass(frozen=True)
class Damage:
    """Volume of all lesions, wherever the fields of view end, and their largest share of the cord's section, 0 to 1."""

    volume_mm3: float
    largest_share: float


@dataclass(frozen=True)
class PatientScores:
    """Clinical scores; None where a score is not asked of such a patient.

    Parameters
    ----------
    motor, sensory
        ISNCSCI totals, 0 to 100 and 0 to 112, 0 the worst: after injury.
    edss
        Expanded disability status scale, 0 to 10 in halves, 10 the worst: multiple sclerosis.
    mjoa
        Modified Japanese orthopaedic association scale, 0 to 18, 0 the worst: compression and tumour.
    """

    motor: int | None = None
    sensory: int | None = None
    edss: float | None = None
    mjoa: int | None = None


def damage(spine: Spine, lesions: Sequence[Blob]) -> Damage:
    """Measure lesions in the cord's own coordinates, where no voxel blurs them.

    Without lesions both figures are 0.
    """
    if not lesions:
        return Damage(0.0, 0.0)
    ends = np.array([blob.extent_mm for blob in lesions])
    down = np.arange(max(ends.min(), 0.0), min(ends.max(), spine.conus), 1.0, dtype=np.float32)
    across = (np.arange(_ACROSS, dtype=np.float32) + 0.5) * (2 / _ACROSS) - 1
    along, right, front = np.broadcast_arrays(*np.ix_(down, across, across))
    in_cord = right**2 + front**2 < 1
    hurt = np.zeros(along.shape, dtype=bool)
    for blob in lesions:
        hurt |= blob.covers(along, right, front)
    shares = (hurt & in_cord).sum(axis=(1, 2)) / in_cord[0].sum() if down.size else np.zeros(1)
    entry = spine.index(down)
    areas = np.pi * spine.cord_half_width[entry] * spine.cord_half_depth[entry]
    return Damage(float((shares * areas).sum()) if down.size else 0.0, float(shares.max()))


def clinical_scores(patient: Patient) -> PatientScores:
    """Draw a patient's scores at the first visit; healthy people get none."""
    rng = patient.scores_rng()
    hurt = damage(patient.spine, patient.lesions)
    severity = 0.65 * hurt.largest_share + 0.35 * min(hurt.volume_mm3 / _SEVERE_MM3, 1.0)
    if patient.pathology is Pathology.SCI:
        level = float(patient.spine.build.levels_at(np.array(patient.focus_mm)))
        reach = 1.0 if level < _BELOW_ARMS else 0.5
        motor, sensory = (1 - reach * severity + rng.normal(0, 0.06) for _ in range(2))
        return PatientScores(motor=_whole(100 * motor, 100), sensory=_whole(112 * sensory, 112))
    if patient.pathology is Pathology.MS:
        points = 1.0 + 7.0 * min(hurt.volume_mm3 / _SEVERE_MM3, 1.0) + rng.normal(0, 0.8)
        return PatientScores(edss=_whole(2 * points, 20) / 2)
    if patient.pathology is Pathology.TUMOUR:
        return PatientScores(mjoa=_whole(18 - 10 * severity + rng.normal(0, 1.2), 18))
    if patient.pathology is Pathology.COMPRESSION:
        return PatientScores(mjoa=_whole(18 - 18 * _flattening(patient.spine) + rng.normal(0, 1.2), 18))
    return PatientScores()


def _flattening(spine: Spine) -> float:
    """Share of its depth that the cord loses where it is squeezed most."""
    free = build_spine(spine.build)
    cord = (spine.arc > 0) & (spine.arc < spine.conus - 40)
    return float(1 - (spine.cord_half_depth[cord] / free.cord_half_depth[cord]).min())


def _whole(value: float, highest: int) -> int:
    return int(np.clip(round(value), 0, highest))
