import numpy as np
import pytest

from nnunet_ext.phantom.entities.case import Case, draw_case
from nnunet_ext.phantom.entities.entity import Entity
from nnunet_ext.phantom.entities.figures import FIGURES, Figures, Sign
from tests.phantom.entities.cohorts import NODES, draw_cohort, quartiles, read_right, told_apart

COUNT = 400
WITHIN = 0.075  # of a share of 400: three standard errors
Cohort = dict[Entity, list[Case]]
PAPER = {"kind": 0.96, "tumour": 0.82, "demyelination": 0.79}
READERS = {"kind": 0.97, "tumour": 0.72, "demyelination": 0.67}


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return draw_cohort(COUNT, seed=1)


@pytest.fixture(params=list(Entity))
def drawn(cohort: Cohort, request: pytest.FixtureRequest) -> tuple[Figures, list[Case]]:
    return FIGURES[request.param], cohort[request.param]


def test_ages_and_sexes_are_the_tables(drawn: tuple[Figures, list[Case]]) -> None:
    figures, cases = drawn
    ages = [case.age for case in cases]
    assert np.mean(ages) == pytest.approx(figures.age_years[0], abs=2.5)
    assert np.std(ages) == pytest.approx(figures.age_years[1], abs=2)
    assert np.mean([case.sex == "F" for case in cases]) == pytest.approx(figures.women, abs=WITHIN)


def test_regions_are_the_tables(drawn: tuple[Figures, list[Case]]) -> None:
    figures, cases = drawn
    assert {case.region for case in cases} <= set(figures.regions)
    for region, share in figures.regions.items():
        assert np.mean([case.region is region for case in cases]) == pytest.approx(share, abs=WITHIN)


def test_the_lesions_number_has_the_tables_quartiles(drawn: tuple[Figures, list[Case]], cohort: Cohort) -> None:
    published = {Entity.MS: [2, 1, 3], Entity.NMOSD: [1, 1, 2]}
    _, cases = drawn
    expected = published.get(cases[0].entity, [1, 1, 1])
    assert quartiles([len(case.lesions) for case in cases]).tolist() == expected


def test_lengths_have_the_tables_quartiles(drawn: tuple[Figures, list[Case]]) -> None:
    figures, cases = drawn
    assert quartiles([case.vertebrae for case in cases]) == pytest.approx(figures.vertebrae, rel=0.15)


def test_volumes_are_the_tables_as_far_as_lesions_so_long_can_hold_them(drawn: tuple[Figures, list[Case]]) -> None:
    figures, cases = drawn
    volumes = [case.volume_ml for case in cases]
    mean, deviation = figures.volume_ml
    assert np.mean(volumes) == pytest.approx(mean, rel=0.15)
    assert 0.65 * deviation < np.std(volumes) < 1.2 * deviation


def test_as_many_enhance_as_the_table_says(drawn: tuple[Figures, list[Case]]) -> None:
    figures, cases = drawn
    assert np.mean([case.enhances for case in cases]) == pytest.approx(figures.enhances, abs=WITHIN)


def test_plaques_of_sclerosis_are_short_and_those_of_nmosd_longer(cohort: Cohort) -> None:
    length = {
        entity: np.median([span.vertebrae for case in cohort[entity] for span in case.lesions]) for entity in Entity
    }
    assert length[Entity.MS] < 2 < length[Entity.NMOSD]


@pytest.mark.parametrize("node", list(NODES))
def test_each_reader_is_as_often_right_as_the_papers(cohort: Cohort, node: str) -> None:
    for reader in range(3):
        assert read_right(cohort, node, reader) == pytest.approx(READERS[node], abs=0.05)


def test_readers_err_together_so_that_they_disagree_on_a_quarter(cohort: Cohort) -> None:
    cases = [case for found in cohort.values() for case in found]
    wrong = np.array([[reader is not case.entity for reader in case.readers] for case in cases])
    disagree = np.mean([len(set(case.readers)) > 1 for case in cases])
    rate = wrong.mean()
    assert disagree == pytest.approx(40 / 157, abs=0.06)
    assert disagree < 0.5 * (1 - rate**3 - (1 - rate) ** 3)  # what readers who err on their own would
    assert np.corrcoef(wrong.T)[np.triu_indices(3, 1)].min() > 0.4


def test_where_readers_disagree_the_case_was_drawn_hard(cohort: Cohort) -> None:
    cases = [case for found in cohort.values() for case in found]
    doubt = {
        split: np.mean([c.doubt_within for c in cases if (len(set(c.readers)) > 1) is split]) for split in (True, False)
    }
    assert doubt[True] > 1.5 * doubt[False]


@pytest.mark.parametrize(
    ("sign", "more", "less"),
    [
        (Sign.CENTRAL, Entity.EPENDYMOMA, Entity.ASTROCYTOMA),
        (Sign.SHARP, Entity.EPENDYMOMA, Entity.ASTROCYTOMA),
        (Sign.POLAR_CYSTS, Entity.EPENDYMOMA, Entity.ASTROCYTOMA),
        (Sign.CAP, Entity.EPENDYMOMA, Entity.ASTROCYTOMA),
        (Sign.LONG_OEDEMA, Entity.ASTROCYTOMA, Entity.EPENDYMOMA),
        (Sign.CENTRAL, Entity.NMOSD, Entity.MS),
        (Sign.SWOLLEN, Entity.NMOSD, Entity.MS),
        (Sign.BRIGHT_SPOTS, Entity.NMOSD, Entity.MS),
    ],
)
def test_a_sign_is_commoner_where_it_is_taught_and_never_certain(
    cohort: Cohort, sign: Sign, more: Entity, less: Entity
) -> None:
    share = {entity: np.mean([sign in case.signs for case in cohort[entity]]) for entity in (more, less)}
    assert 0 < share[less] < share[more] - 0.08 < 1 - 0.08


@pytest.mark.parametrize("node", list(NODES))
@pytest.mark.parametrize("signs", [False, True])
def test_what_is_drawn_tells_the_entities_apart_about_as_well_as_the_paper_and_not_always(
    cohort: Cohort, node: str, signs: bool
) -> None:
    accuracy = told_apart(cohort, node, signs=signs and node != "kind")
    assert accuracy == pytest.approx(PAPER[node], abs=0.04)
    assert 0.5 + 0.2 < accuracy < 0.985


def test_a_case_follows_from_its_chance_alone() -> None:
    first, again, other = (draw_case(Entity.MS, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first == again
    assert first != other
