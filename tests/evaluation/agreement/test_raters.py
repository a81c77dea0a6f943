from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.volume import Array
from nnunet_ext.dataset_conversion.class_profile import RaterRule
from nnunet_ext.dataset_conversion.raters import fuse_raters
from nnunet_ext.evaluation.agreement.rater_summary import rater_summary, volume_agreement
from nnunet_ext.evaluation.agreement.raters import RaterAgreement, rater_agreement

CONSENSUS = {
    "majority": partial(fuse_raters, rule=RaterRule.MAJORITY),
    "staple": partial(fuse_raters, rule=RaterRule.STAPLE),
}


def strip(*voxels: int) -> Array:
    mask = np.zeros((10, 2, 2), dtype=np.uint8)
    mask[list(voxels), 0, 0] = 1
    return mask


def found(rows: list[RaterAgreement], rater: str, against: str) -> RaterAgreement:
    (row,) = [row for row in rows if (row.rater, row.against) == (rater, against)]
    return row


def test_a_rater_agrees_with_himself_in_a_consensus_that_he_is_part_of() -> None:
    masks = {"anna": strip(1, 2, 3), "ben": strip(2, 3, 4), "carl": strip(3, 4, 5)}
    rows = rater_agreement("c", masks, CONSENSUS, 2.0)
    # Majority of all: 2, 3, 4. Of the two others (more than half, so both): Anna 3, 4; Ben 3; Carl 2, 3.
    assert found(rows, "ben", "majority").dice == 1.0
    assert found(rows, "ben", "majority_of_others").dice == pytest.approx(2 * 1 / (3 + 1))
    assert found(rows, "anna", "majority").dice == pytest.approx(2 * 2 / 6)
    assert found(rows, "anna", "majority_of_others").dice == pytest.approx(2 * 1 / 5)
    assert found(rows, "anna", "ben").dice == pytest.approx(2 * 2 / 6)
    assert found(rows, "anna", "majority").volume_mm3 == 6.0
    assert found(rows, "anna", "majority").sensitivity == pytest.approx(2 / 3)
    assert found(rows, "anna", "majority").positive_predictive_value == pytest.approx(2 / 3)
    assert found(rows, "anna", "majority").specificity == pytest.approx(36 / 37)


def test_raters_who_draw_nothing_agree_and_have_no_sensitivity() -> None:
    rows = rater_agreement("c", {"anna": strip(), "ben": strip(), "carl": strip()}, CONSENSUS, 1.0)
    assert {row.dice for row in rows} == {1.0}
    assert {row.sensitivity for row in rows} == {None}
    assert {row.positive_predictive_value for row in rows} == {None}


def test_raters_who_draw_the_same_agree_with_everything() -> None:
    rows = rater_agreement("c", dict.fromkeys(("anna", "ben"), strip(3, 4)), CONSENSUS, 1.0)
    assert {(row.dice, row.sensitivity, row.specificity) for row in rows} == {(1.0, 1.0, 1.0)}


def test_one_rater_alone_or_two_grids_are_refused() -> None:
    with pytest.raises(DataRefusedError, match="two raters"):
        rater_agreement("c", {"anna": strip()}, CONSENSUS, 1.0)
    with pytest.raises(DataRefusedError, match="one shape"):
        rater_agreement("c", {"anna": strip(), "ben": np.zeros((3, 3, 3))}, CONSENSUS, 1.0)


@given(arrays(np.bool_, (3, 4, 3, 2)))
def test_every_pair_stands_once_and_all_figures_lie_within_bounds(drawn: Array) -> None:
    masks = dict(zip("abc", drawn, strict=True))
    rows = rater_agreement("c", masks, {"majority": CONSENSUS["majority"]}, 1.0)
    assert [(row.rater, row.against) for row in rows if row.against in masks] == [("a", "b"), ("a", "c"), ("b", "c")]
    for row in rows:
        for value in (row.dice, row.sensitivity, row.positive_predictive_value, row.specificity):
            assert value is None or 0 <= value <= 1


def test_cases_that_are_empty_throughout_are_counted_and_left_out_of_a_mean_of_their_own() -> None:
    rows = [
        *rater_agreement("empty", {"anna": strip(), "ben": strip()}, {}, 1.0),
        *rater_agreement("drawn", {"anna": strip(1), "ben": strip(2)}, {}, 1.0),
    ]
    (row,) = rater_summary(rows)
    assert (row["n_cases"], row["n_both_empty"], row["mean_dice"], row["mean_dice_drawn"]) == ("2", "1", "0.5", "0.0")


@given(st.lists(st.integers(0, 9), min_size=2, max_size=6, unique=True))
def test_raters_of_equal_volumes_agree_in_volume(sizes: list[int]) -> None:
    rows = [
        row
        for size in sizes
        for row in rater_agreement(
            f"case{size}", {"anna": strip(*range(size)), "ben": strip(*range(10 - size, 10))}, CONSENSUS, 1.5
        )
    ]
    icc, _ = volume_agreement([row for row in rows if row.against == "majority"])
    assert icc == pytest.approx(1.0)
