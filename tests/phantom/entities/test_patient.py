from collections import Counter
from itertools import pairwise

import cc3d
import numpy as np
import pytest

from nnunet_ext.core.orientation import reorient
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.patient import Person, draw_entity_patient, draw_person
from nnunet_ext.phantom.entities.shape import lesion_volume_ml
from nnunet_ext.phantom.entities.sites import AT_FIRST, ENTITY_SITES
from nnunet_ext.phantom.patient import Patient, Visit, scan
from nnunet_ext.phantom.site import Site

SEED = 11
PAINTED = 8  # two of each entity


@pytest.fixture(scope="module")
def painted() -> list[tuple[Person, Patient, Visit]]:
    people = [draw_person(number, SEED, ENTITY_SITES) for number in range(1, PAINTED + 1)]
    patients = [draw_entity_patient(person, SEED) for person in people]
    return [(person, patient, scan(patient)) for person, patient in zip(people, patients, strict=True)]


def seen_ml(visit: Visit) -> float:
    return float(visit.lesion.data.sum() * np.prod(visit.lesion.spacing) / 1000)


def test_a_painted_lesion_has_the_drawn_volume(painted: list[tuple[Person, Patient, Visit]]) -> None:
    seen = np.array([seen_ml(visit) for _, _, visit in painted])
    drawn = np.array([person.case.volume_ml for person, _, _ in painted])
    assert np.abs(seen / drawn - 1).max() < 0.25
    assert abs(np.log(seen / drawn).mean()) < 0.08


def test_a_painted_lesion_is_as_long_as_was_drawn(painted: list[tuple[Person, Patient, Visit]]) -> None:
    off_mm = []
    for person, patient, visit in painted:
        build, spans = patient.spine.build, person.case.lesions
        lesion = reorient(visit.lesion, "LAS")
        along = np.flatnonzero(lesion.data.any(axis=(0, 1)))
        seen_mm = (along[-1] - along[0] + 1) * lesion.spacing[2]
        entry = patient.spine.index(np.array([build.arc_at(spans[0].top), build.arc_at(spans[-1].bottom)]))
        upright_mm = float(patient.spine.z[entry[0]] - patient.spine.z[entry[1]])
        off_mm.append(seen_mm - upright_mm)
    assert np.abs(off_mm).max() < 12  # the ends of a slanting lesion reach beyond those of its middle line
    assert abs(np.mean(off_mm)) < 4


def test_as_many_lesions_are_seen_as_were_drawn_but_for_what_voxels_join_or_split(
    painted: list[tuple[Person, Patient, Visit]],
) -> None:
    found = [int(cc3d.connected_components(visit.lesion.data, connectivity=26).max()) for _, _, visit in painted]
    assert found == pytest.approx([len(person.case.lesions) for person, _, _ in painted], abs=1)


def test_the_field_of_view_shows_all_of_every_lesion_within_the_cord(
    painted: list[tuple[Person, Patient, Visit]],
) -> None:
    for _, _, visit in painted:
        lesion, cord = visit.lesion.data.astype(bool), visit.cord.data.astype(bool)
        assert (lesion <= cord).all()
        for axis in range(3):
            ends = np.take(lesion, [0, -1], axis=axis)
            assert not ends.any()


def test_a_tumours_core_is_bright_after_gadolinium_only_where_it_enhances() -> None:
    brightest: dict[bool, list[float]] = {True: [], False: []}
    number = 0
    while min(map(len, brightest.values())) < 2:
        number += 1
        person = draw_person(number, SEED, ENTITY_SITES)
        if not (person.case.gadolinium and person.case.entity.is_tumour):
            continue
        if len(brightest[person.case.enhances]) >= 2:
            continue
        visit = scan(draw_entity_patient(person, SEED))
        image = visit.images[Contrast.T1W_GADOLINIUM].data
        lesion, cord = visit.lesion.data.astype(bool), visit.cord.data.astype(bool)
        core = np.percentile(image[lesion], 85)
        brightest[person.case.enhances].append(float(core / np.median(image[cord & ~lesion])))
    assert min(brightest[True]) > 1.35 > max(brightest[False])


def test_t2w_is_always_there_and_t1w_after_gadolinium_where_it_was_drawn(
    painted: list[tuple[Person, Patient, Visit]],
) -> None:
    for person, _, visit in painted:
        assert Contrast.T2W in visit.images
        assert (Contrast.T1W_GADOLINIUM in visit.images) is person.case.gadolinium
    drawn = [draw_person(number, SEED, ENTITY_SITES).case.gadolinium for number in range(1, 401)]
    assert np.mean(drawn) == pytest.approx(0.6, abs=0.075)


def test_four_in_a_row_are_the_four_entities_in_an_order_by_chance() -> None:
    entities = [draw_person(number, SEED, ENTITY_SITES).case.entity for number in range(1, 401)]
    rows = [tuple(entities[first : first + 4]) for first in range(0, 400, 4)]
    assert all(set(row) == set(Entity) for row in rows)
    assert len(set(rows)) > 15  # of 24 orders


@pytest.mark.parametrize("each", [4, 10, 60])
def test_both_sites_see_every_entity_in_shares_of_their_own(each: int) -> None:
    people = [draw_person(number, SEED, ENTITY_SITES) for number in range(1, 4 * each + 1)]
    seen = Counter((person.site.code, person.case.entity) for person in people)
    for entity in Entity:
        first = seen[ENTITY_SITES[0].code, entity]
        assert 0 < first < each
        assert first == pytest.approx(AT_FIRST[entity] * each, abs=1)


def test_the_sites_differ_in_voxels_noise_and_field_of_view() -> None:
    fine, coarse = ENTITY_SITES
    assert fine.in_plane_mm[1] < coarse.in_plane_mm[0]
    assert fine.slice_mm[1] < coarse.slice_mm[0]
    assert np.mean(fine.noise) < np.mean(coarse.noise)
    assert fine.matrix[2][1] * fine.in_plane_mm[1] < coarse.matrix[2][0] * coarse.in_plane_mm[0]


def test_names_do_not_repeat_and_say_the_site() -> None:
    names = [draw_person(number, SEED, ENTITY_SITES).participant_id for number in range(1, 41)]
    assert len(set(names)) == 40
    assert {name[:8] for name in names} == {"sub-enta", "sub-entb"}
    assert all(int(after[8:]) == int(before[8:]) + 1 for before, after in pairwise(names))


def test_a_lesion_of_the_oblongata_is_painted_above_the_cord_that_healthy_people_have() -> None:
    number = 1
    while draw_person(number, SEED, ENTITY_SITES).case.lesions[0].top > -0.3:
        number += 1
    patient = draw_entity_patient(draw_person(number, SEED, ENTITY_SITES), SEED)
    above = [blob for blob in patient.lesions if blob.above_c1]
    assert above
    assert lesion_volume_ml(patient.spine, above) > lesion_volume_ml(
        patient.spine,
        [*(type(blob)(blob.tissue, blob.centre, blob.radii, blob.roughness, blob.seed) for blob in above)],
    )


def test_a_tumour_of_the_lumbar_spine_has_cord_down_to_its_lower_end(small_sites: tuple[Site, Site]) -> None:
    number = 1
    while draw_person(number, SEED, small_sites).case.region.label != "lumbar":
        number += 1
    person = draw_person(number, SEED, small_sites)
    patient = draw_entity_patient(person, SEED)
    assert patient.spine.build.levels_at(np.array(patient.spine.conus)) > person.case.lesions[-1].bottom
