from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.classification.judge.leaks.covariate_alone import covariate_alone
from nnunet_ext.classification.judge.leaks.fact_rows import fact_rows
from nnunet_ext.classification.judge.leaks.one_class_sites import OneClassSite, one_class_sites
from nnunet_ext.classification.judge.leaks.shared_people import SharedPerson, shared_people
from nnunet_ext.core.errors import DataRefusedError
from tests.strategies import SEEDS

DIAGNOSES = ("MS", "NMOSD", "astrocytoma")


def test_a_patient_in_training_and_test_is_found() -> None:
    sets = {"train": ["sub-1", "sub-2", "sub-2"], "validation": ["sub-3"], "test": ["sub-4", "sub-2"]}
    assert shared_people(sets) == (SharedPerson("sub-2", ("train", "test")),)
    assert shared_people({"train": ["sub-1", "sub-1"]}) == ()
    assert shared_people({}) == ()


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(0, 5).map(str))))
def test_those_found_are_in_each_set_that_is_named_and_in_no_other(sets: dict[str, list[str]]) -> None:
    found = {shared.person: shared.sets for shared in shared_people(sets)}
    for person in map(str, range(6)):
        here = tuple(name for name, people in sets.items() if person in people)
        assert found.get(person) == (here if len(here) > 1 else None)


def test_a_site_of_one_diagnosis_is_found_with_its_patients() -> None:
    truth = [0, 1, 0, 1, 2, 2, 2, 0]
    sites = ["Lyon", "Lyon", "Lyon", "n/a", "Porto", "Porto", "Porto", "Oslo"]
    porto, oslo = one_class_sites(truth, sites, DIAGNOSES)
    assert porto == OneClassSite("Porto", "astrocytoma", 3, porto.chance)
    assert oslo == OneClassSite("Oslo", "MS", 1, oslo.chance)
    assert (porto.chance, oslo.chance) == pytest.approx((2 / comb(8, 3), 1))  # three of three, with MS or astrocytoma


def test_where_all_have_one_diagnosis_no_site_is_blamed() -> None:
    assert one_class_sites([1, 1, 1], ["a", "a", "b"], DIAGNOSES) == ()
    assert one_class_sites([], [], DIAGNOSES) == ()
    with pytest.raises(DataRefusedError, match="3 patients"):
        one_class_sites([1, 1, 1], ["a"], DIAGNOSES)


def test_age_that_decides_alone_is_found_whatever_the_shape() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 80)
    older = (25 + 15 * truth + rng.normal(0, 5, 80)).tolist()
    between = np.where(truth == 1, rng.uniform(30, 50, 80), rng.choice([rng.uniform(5, 25), 70], 80)).tolist()
    for ages in (older, between):
        found = covariate_alone(truth, ages)
        assert found.findings == ("decides alone",)
        assert (found.auc.value or 0) > 0.85


def test_a_site_that_decides_alone_is_found_and_so_is_a_missing_age() -> None:
    truth = np.tile([0, 1], 40)
    sites = ["Lyon" if each else "Porto" for each in truth]
    assert covariate_alone(truth, sites).findings == ("decides alone",)
    assert covariate_alone(truth, sites).auc.value == 1.0
    ages = [None if each else 40.0 for each in truth]
    assert covariate_alone(truth, ages).findings == ("decides alone",)
    assert covariate_alone(truth, [None] * 80).auc.value == 0.5


def test_a_fact_that_says_nothing_is_seldom_called_a_leak() -> None:
    rng, called, above = np.random.default_rng(0), 0, 0
    for _ in range(200):
        truth = rng.integers(0, 2, 60)
        ages = covariate_alone(truth, rng.normal(40, 12, 60).tolist())
        sexes = covariate_alone(truth, rng.choice(["F", "M"], 60).tolist())
        called += bool(ages.findings or sexes.findings)
        above += (ages.auc.low or 0) > 0.5
    assert called <= 2
    assert above <= 10


def test_the_margin_is_what_a_finding_must_exceed() -> None:
    rng = np.random.default_rng(0)
    truth = np.tile([0, 1], 200)
    sexes = np.where(rng.uniform(size=400) < 0.25 + 0.5 * truth, "F", "M").tolist()
    found = covariate_alone(truth, sexes)
    assert found.findings == ("decides alone",)
    assert found.auc.low is not None
    assert covariate_alone(truth, sexes, margin=found.auc.low - 0.5 + 0.01).findings == ()


def test_a_model_that_is_no_better_than_age_is_said_to_be() -> None:
    rng = np.random.default_rng(3)
    truth = np.tile([0, 1], 60)
    ages = 30 + 8 * truth + rng.normal(0, 8, 120)
    same = covariate_alone(truth, ages.tolist(), ages + rng.normal(0, 1, 120), margin=0.4)
    assert same.findings == ("as good as the model",)
    better = covariate_alone(truth, ages.tolist(), truth + rng.normal(0, 0.1, 120), margin=0.4)
    assert better.findings == ()
    assert better.model is not None
    assert (better.model.low or 0) > 0


def test_an_age_without_end_is_refused_and_so_are_more_ages_than_patients() -> None:
    with pytest.raises(DataRefusedError, match="infinity"):
        covariate_alone([0, 1], [40.0, float("inf")])
    with pytest.raises(DataRefusedError, match="found 2 and 3"):
        covariate_alone([0, 1], [40.0, 30.0, 20.0])


@given(SEEDS, st.integers(0, 12))
def test_few_patients_are_no_trouble(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, count)
    values = [None if drawn == 0 else float(drawn) for drawn in rng.integers(0, 4, count)]
    scores = rng.uniform(size=count)
    found = covariate_alone(truth, values, scores)
    smallest = min(int(truth.sum()), count - int(truth.sum()))
    assert (found.auc.value is None) == (smallest < 2)
    assert found.auc.value is None or 0 <= found.auc.value <= 1
    assert found == covariate_alone(truth, values, scores)


def test_each_fact_has_a_row_for_each_diagnosis_and_a_planted_leak_stands_in_its_own() -> None:
    rng = np.random.default_rng(0)
    truth = np.arange(90) % 3
    ages = (20 + 30 * (truth == 2) + rng.normal(0, 5, 90)).tolist()
    sexes = rng.choice(["F", "M"], 90).tolist()
    rows = fact_rows(truth, {"age": ages, "sex": sexes}, DIAGNOSES)
    assert [(row["fact"], row["diagnosis"]) for row in rows] == [(a, b) for a in ("age", "sex") for b in DIAGNOSES]
    assert rows[2]["findings"] == "decides alone"
    assert {row["findings"] for row in rows[3:]} == {"n/a"}
    assert (rows[0]["model_auc"], rows[0]["difference"]) == ("n/a", "n/a")


def test_of_two_diagnoses_a_fact_has_one_row_with_the_model_beside() -> None:
    truth = np.tile([0, 1], 20)
    probabilities = np.stack([1 - 0.8 * truth, 0.8 * truth], axis=1)
    (row,) = fact_rows(truth, {"site": ["Lyon", "Porto"] * 20}, DIAGNOSES[:2], probabilities)
    assert (row["diagnosis"], row["auc"], row["model_auc"]) == ("NMOSD", "1.0", "1.0")
    assert row["findings"] == "decides alone, as good as the model"
    (few,) = fact_rows([0], {"site": ["Lyon"]}, DIAGNOSES[:2])
    assert (few["auc"], few["findings"]) == ("n/a", "n/a")
