import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import roc_auc_score

from nnunet_ext.classification.cases.telling_facts import telling_facts
from nnunet_ext.classification.taxonomy import load_taxonomy
from tests.strategies import SEEDS

TREE = load_taxonomy()
KINDS = ["astrocytoma", "ependymoma", "MS", "NMOSD"] * 10
TUMOURS = [kind in ("astrocytoma", "ependymoma") for kind in KINDS]


def test_a_site_of_one_class_only_is_reported_at_its_decision() -> None:
    sites = ["tumour clinic" if tumour else "MS clinic" for tumour in TUMOURS]
    (found,) = telling_facts(TREE, KINDS, {"site": sites}, {})
    assert (found.decision, found.fact, found.value, found.baseline) == ("kind", "site", 1, 0.5)
    assert "of one branch only: MS clinic, tumour clinic" in found.words


def test_an_image_that_only_one_kind_has_is_reported() -> None:
    images = ["T2w+T1w-gad" if kind == "NMOSD" else "T2w" for kind in KINDS]
    (found,) = telling_facts(TREE, KINDS, {"images": images}, {})
    assert (found.decision, found.fact) == ("demyelination", "images")


def test_an_age_that_decides_alone_is_reported_with_its_medians() -> None:
    ages = [index / 10 + (10 if kind == "astrocytoma" else 60) for index, kind in enumerate(KINDS)]
    (found,) = telling_facts(TREE, KINDS, {}, {"age": [*ages[:-1], None]})
    assert (found.decision, found.value) == ("tumour", 1)
    assert "age alone decides tumour: median 11.8 in astrocytoma" in found.words


@given(SEEDS)
def test_noise_tells_nothing(seed: int) -> None:
    generator = np.random.default_rng(seed)
    sites = [str(value) for value in generator.integers(0, 3, len(KINDS))]
    ages = [float(value) for value in generator.normal(40, 10, len(KINDS))]
    names = [str(index) for index in range(len(KINDS))]  # a word of each one's own says nothing of others
    assert telling_facts(TREE, KINDS, {"site": sites, "name": names}, {"age": ages}) == ()


def test_a_number_tells_by_the_area_under_its_curve() -> None:
    generator = np.random.default_rng(3)
    ages = [float(generator.normal(30 + 40 * tumour, 12)) for tumour in TUMOURS]
    found = telling_facts(TREE, KINDS, {}, {"age": ages})
    assert [fact.decision for fact in found] == ["kind"]
    assert found[0].value == pytest.approx(roc_auc_score(TUMOURS, ages))


def test_few_patients_or_one_branch_tell_nothing() -> None:
    assert telling_facts(TREE, ["MS", "NMOSD"] * 3, {"site": ["a", "b"] * 3}, {"age": [1.0, 9.0] * 3}) == ()
    assert telling_facts(TREE, ["MS"] * 20, {"site": ["a"] * 20}, {"age": [1.0] * 20}) == ()
