from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.trainers.case_weights import case_weights
from nnunet_ext.trainers.derive_spine_plan import stock_spine_plan
from nnunet_ext.trainers.spine_plan import CaseGroup

PLAN = replace(
    stock_spine_plan(),
    groups={
        "a": CaseGroup("paris", "T2w"),
        "b": CaseGroup("paris", "T2w"),
        "c": CaseGroup("paris", "T2w"),
        "d": CaseGroup("zurich", "T1w"),
    },
)
CASES = ["a", "b", "c", "d"]


def test_without_weights_cases_are_drawn_as_nnunet_draws_them() -> None:
    assert case_weights(PLAN, CASES) == {}


def test_weights_of_case_site_and_contrast_multiply() -> None:
    plan = replace(PLAN, case_weights={"a": 3.0}, site_weights={"paris": 2.0}, contrast_weights={"T1w": 0.5})
    assert case_weights(plan, CASES) == {"a": 6.0, "b": 2.0, "c": 2.0, "d": 0.5}


def test_a_case_whose_group_is_not_known_is_drawn_as_often_as_the_others_on_average() -> None:
    plan = replace(PLAN, site_weights={"paris": 2.0}, case_weights={"later": 3.0})
    assert case_weights(plan, ["a", "d", "later"]) == {"a": 2.0, "d": 1.0, "later": 3 * 1.5}


@pytest.mark.parametrize("contrast", [None, "n/a", ""])
def test_cases_of_unknown_contrast_are_not_balanced_as_if_they_were_one(contrast: str | None) -> None:
    later = [f"later{number}" for number in range(3)]
    groups = {} if contrast is None else {case: CaseGroup("paris", contrast) for case in later}
    plan = replace(PLAN, groups={**PLAN.groups, **groups})
    weights = case_weights(plan, [*CASES, *later], balance_contrasts=True)
    assert sum(weights[case] for case in later) / sum(weights.values()) == pytest.approx(3 / 7)
    assert weights["d"] == pytest.approx(weights["a"] + weights["b"] + weights["c"])


def test_contrasts_are_balanced_by_how_often_their_cases_are_drawn() -> None:
    plan = replace(PLAN, case_weights={"a": 0.0, "b": 5.0})
    weights = case_weights(plan, CASES, balance_contrasts=True)
    assert weights["a"] == 0
    assert weights["d"] == pytest.approx(weights["b"] + weights["c"])


def test_an_empty_mapping_of_contrast_weights_says_that_none_is_balanced() -> None:
    assert case_weights(replace(PLAN, contrast_weights={}), CASES, balance_contrasts=True) == {}


@given(
    known=st.lists(st.sampled_from(["T1w", "T2w", "T2star"]), min_size=1, max_size=12),
    unknown=st.integers(0, 6),
    balance=st.booleans(),
)
def test_no_case_of_unknown_group_is_drawn_by_accident(known: list[str], unknown: int, balance: bool) -> None:
    groups = {f"c{number}": CaseGroup("x", contrast) for number, contrast in enumerate(known)}
    cases = [*groups, *(f"u{number}" for number in range(unknown))]
    weights = case_weights(replace(PLAN, groups=groups), cases, balance_contrasts=balance) or dict.fromkeys(cases, 1.0)
    share = sum(weight for case, weight in weights.items() if case not in groups) / sum(weights.values())
    assert share == pytest.approx(unknown / len(cases))


def test_balanced_contrasts_are_drawn_equally_often_unless_the_plan_says_otherwise() -> None:
    weights = case_weights(PLAN, CASES, balance_contrasts=True)
    assert weights["d"] == pytest.approx(weights["a"] + weights["b"] + weights["c"])
    said = replace(PLAN, contrast_weights={"T2w": 5.0})
    assert case_weights(said, CASES, balance_contrasts=True)["a"] == 5.0


@given(share=st.floats(0, 1), new=st.sets(st.sampled_from(CASES)))
def test_new_cases_and_old_ones_get_the_shares_that_are_asked_for(share: float, new: set[str]) -> None:
    plan = replace(PLAN, new_cases=tuple(new), rehearsal_share=share)
    weights = case_weights(plan, CASES, rehearse=True) or dict.fromkeys(CASES, 1.0)
    old = [case for case in CASES if case not in new]
    if new and old:
        assert sum(weights[case] for case in old) / sum(weights.values()) == pytest.approx(share)
    else:  # nothing to share with
        assert len(set(weights.values())) == 1


def test_new_cases_count_only_for_a_trainer_that_rehearses() -> None:
    assert case_weights(replace(PLAN, new_cases=("a",)), CASES) == {}
