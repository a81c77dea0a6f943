from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from nnunet_ext.core.orientation import reorient
from nnunet_ext.phantom.lesions import Pathology
from nnunet_ext.phantom.patient import Patient, draw_patient, scan
from nnunet_ext.phantom.scores import PatientScores, clinical_scores, damage
from nnunet_ext.phantom.site import Site


def patients(site: Site, pathology: Pathology, count: int = 40) -> list[Patient]:
    sick = replace(site, pathologies=((pathology, 1.0),))
    return [draw_patient(sick, number, seed=12) for number in range(1, count + 1)]


def correlation(volumes: list[float], scores: list[float | None]) -> float:
    return float(spearmanr(volumes, np.array(scores, dtype=float)).statistic)


def volumes_of(group: list[Patient]) -> list[float]:
    return [damage(patient.spine, patient.lesions).volume_mm3 for patient in group]


def test_the_larger_the_injury_the_lower_motor_and_sensory_scores(small_site: Site) -> None:
    group = patients(small_site, Pathology.SCI)
    scores = [clinical_scores(patient) for patient in group]
    assert correlation(volumes_of(group), [score.motor for score in scores]) < -0.5
    assert correlation(volumes_of(group), [score.sensory for score in scores]) < -0.5
    assert all(0 <= (score.motor or 0) <= 100 and 0 <= (score.sensory or 0) <= 112 for score in scores)


def test_the_more_plaques_the_higher_the_edss_in_half_points(small_site: Site) -> None:
    group = patients(small_site, Pathology.MS)
    scores = [clinical_scores(patient).edss for patient in group]
    assert correlation(volumes_of(group), scores) > 0.5
    assert all(score is not None and 0 <= score <= 10 and (2 * score).is_integer() for score in scores)


def test_a_squeezed_cord_costs_mjoa_points(small_site: Site) -> None:
    group = patients(small_site, Pathology.COMPRESSION)
    scores = np.array([clinical_scores(patient).mjoa for patient in group], dtype=float)
    assert scores.min() < 15
    assert scores.max() > 15
    assert ((scores >= 0) & (scores <= 18)).all()


def test_scores_that_are_not_asked_of_a_patient_are_none(small_site: Site) -> None:
    (healthy,) = patients(small_site, Pathology.HEALTHY, 1)
    (tumour,) = patients(small_site, Pathology.TUMOUR, 1)
    assert clinical_scores(healthy) == PatientScores()
    assert clinical_scores(tumour).edss is None
    assert clinical_scores(tumour).mjoa is not None


def test_scores_are_the_patients_own(small_site: Site) -> None:
    (patient,) = patients(small_site, Pathology.SCI, 1)
    assert clinical_scores(patient) == clinical_scores(patient)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_damage_in_the_cords_coordinates_agrees_with_the_voxels_of_the_mask(small_site: Site, number: int) -> None:
    site = replace(small_site, in_plane_mm=(0.8, 0.8), matrix=((40, 40), (60, 60), (96, 96)), levels=(3.0, 5.0))
    patient = draw_patient(replace(site, pathologies=((Pathology.SCI, 1.0),)), number, seed=21)
    visit = scan(patient)
    lesion, cord = (reorient(mask, "RAS").data.sum(axis=(0, 1)) for mask in (visit.lesion, visit.cord))
    measured = damage(patient.spine, patient.lesions)
    assert visit.lesion.data.sum() * 0.8**3 == pytest.approx(measured.volume_mm3, rel=0.2)
    assert (lesion / np.maximum(cord, 1)).max() == pytest.approx(measured.largest_share, abs=0.15)


def test_no_lesion_is_no_damage(small_site: Site) -> None:
    (healthy,) = patients(small_site, Pathology.HEALTHY, 1)
    assert damage(healthy.spine, healthy.lesions).volume_mm3 == 0
