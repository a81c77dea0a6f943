from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.classification.cases.patient import Patient, PatientCase, PatientStatus
from nnunet_ext.classification.cases.patient_sets import (
    PatientSets,
    patient_sets,
    refuse_trained,
)
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.dataset_conversion.splits import make_folds


def patient(
    name: str, diagnosis: str = "MS", site: str = "Bern", split: str = "", cases: int = 1, status: str = "include"
) -> Patient:
    own = tuple(PatientCase(f"{name}_{index}", f"sub-{name}") for index in range(cases))
    return Patient(name, PatientStatus(status), diagnosis=diagnosis, site=site, split=split, cases=own)


def segmenter_of(patients: Sequence[Patient], count: int = 3) -> list[dict[str, list[str]]]:
    """Draw the folds of a segmentation as `convert` does."""
    persons = {case.case: ("d", one.person) for one in patients for case in one.cases}
    return make_folds(persons, dict.fromkeys(persons.values(), "x"), count, 1)


def everybody(sets: PatientSets) -> list[str]:
    return sorted([*(person for fold in sets.folds for person in fold), *sets.test, *sets.external])


TRAINED = [patient(f"t{index}", ["MS", "NMOSD"][index % 2], split="train", cases=1 + index % 3) for index in range(9)]
NEW = [patient(f"n{index}", ["MS", "NMOSD"][index % 2], split="pool") for index in range(4)]
TEST = [patient(f"e{index}", split="test") for index in range(3)]
ULM = [patient(f"u{index}", site="Ulm") for index in range(3)]


def test_folds_are_the_segmentations_and_test_and_external_patients_stand_apart() -> None:
    segmenter = segmenter_of(TRAINED)
    sets = patient_sets([*TRAINED, *NEW, *TEST, *ULM, patient("p", "", status="predict")], segmenter, ["ULM"])
    assert (sets.test, sets.external) == (("e0", "e1", "e2"), ("u0", "u1", "u2"))
    assert everybody(sets) == sorted(one.person for one in [*TRAINED, *NEW, *TEST, *ULM])
    for fold, cases in zip(sets.folds, segmenter, strict=True):
        assert {case.split("_")[0] for case in cases["val"]} == {person for person in fold if person.startswith("t")}
    assert sorted(len(fold) for fold in sets.folds) == [4, 4, 5]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["MS", "NMOSD", "ependymoma"]),
            st.sampled_from(["Bern", "Ulm", "Oslo"]),
            st.sampled_from(["train", "test", "pool"]),
            st.integers(1, 3),
        ),
        min_size=4,
        max_size=25,
    ),
    st.integers(0, 99),
)
def test_everybody_is_in_one_set_and_no_test_patient_was_trained_on(
    drawn: list[tuple[str, str, str, int]], seed: int
) -> None:
    people = [
        patient(f"p{index}", diagnosis, site, "pool" if site == "Oslo" else split, cases)
        for index, (diagnosis, site, split, cases) in enumerate(drawn)
    ]
    segmenter = segmenter_of([one for one in people if one.split == "train"])
    external = ["Oslo"] if any(one.site == "Oslo" for one in people) else []
    left = [one for one in people if one.site != "Oslo" and one.split != "test"]
    if len(left) < 2:
        with pytest.raises(DataRefusedError, match="two patients"):
            patient_sets(people, segmenter, external, seed=seed)
        return
    sets = patient_sets(people, segmenter, external, seed=seed)
    assert everybody(sets) == sorted(one.person for one in people)
    trained = {case.split("_")[0] for fold in segmenter for case in fold["train"]}
    assert not trained & {*sets.test, *sets.external}
    for fold, cases in zip(sets.folds if segmenter else (), segmenter, strict=True):
        assert not {case.split("_")[0] for case in cases["train"]} & set(fold)
    assert patient_sets(people[::-1], segmenter, external, seed=seed) == sets


def test_a_test_patient_who_trained_the_segmentation_is_refused_by_name() -> None:
    segmenter = segmenter_of([*TRAINED, TEST[1]])
    with pytest.raises(DataRefusedError, match="found 1 that it was: e1; take them out of the test set"):
        patient_sets([*TRAINED, *TEST], segmenter)


def test_an_external_site_that_trained_the_segmentation_is_refused_by_name() -> None:
    segmenter = segmenter_of([*TRAINED, ULM[2]])
    with pytest.raises(DataRefusedError, match="found 1 that it was: u2"):
        patient_sets([*TRAINED, *ULM], segmenter, ["Ulm"])
    with pytest.raises(DataRefusedError, match="found none at paris"):
        patient_sets([*TRAINED, *ULM], segmenter, ["Paris"])


def test_a_person_in_two_folds_of_the_segmentation_is_refused_by_name() -> None:
    two = [patient("a", cases=2), patient("b", cases=2)]
    by_image = [{"train": ["a_1", "b_1"], "val": ["a_0", "b_0"]}, {"train": ["a_0", "b_0"], "val": ["a_1", "b_1"]}]
    with pytest.raises(
        DataRefusedError, match=r"a \(trained on and validated in fold 0|a \(validated in folds 0 and 1\)"
    ):
        patient_sets(two, by_image)
    never = [{"train": ["a_0", "b_0"], "val": []}, {"train": ["a_0"], "val": ["b_0"]}]
    with pytest.raises(DataRefusedError, match=r"a \(trained on and validated in no fold\)"):
        patient_sets(two, never)


def test_a_planted_leak_is_refused_by_name() -> None:
    refuse_trained(["b"], ["a", "c"])
    with pytest.raises(DataRefusedError, match="that it was: a; take them out"):
        refuse_trained(["a", "b"], ["a", "c"])
