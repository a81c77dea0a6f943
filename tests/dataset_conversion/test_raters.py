from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.dataset_conversion.class_profile import RaterRule
from nnunet_ext.dataset_conversion.raters import fuse_raters
from tests.strategies import thorough

Mask = npt.NDArray[np.uint8]
Masks = dict[str, Mask]
SHAPE = (3, 4, 5)
BLIND = [RaterRule.UNION, RaterRule.MAJORITY, RaterRule.STAPLE]
"""Rules that do not look at who drew what."""


@st.composite
def raters(draw: st.DrawFn) -> Masks:
    """One to five raters; sparse, so that empty and contradicting masks occur."""
    masks = hnp.arrays(np.uint8, SHAPE, elements=st.integers(0, 1), fill=st.just(0) | st.just(1))
    return {f"rater{number}": draw(masks) for number in range(1, draw(st.integers(1, 5)) + 1)}


@given(masks=raters(), rule=st.sampled_from(RaterRule))
def test_what_nobody_drew_stays_out_and_what_all_drew_stays_in(masks: Masks, rule: RaterRule) -> None:
    fused = fuse_raters(masks, rule, rater="rater1")
    drawn = np.stack(list(masks.values()))
    assert fused.dtype == np.uint8
    assert (drawn.min(axis=0) <= fused).all()
    assert (fused <= drawn.max(axis=0)).all()


@given(masks=raters(), rule=st.sampled_from(BLIND), order=st.randoms(use_true_random=False))
def test_the_order_and_the_names_of_raters_change_nothing(masks: Masks, rule: RaterRule, order: Random) -> None:
    names = list(masks)
    order.shuffle(names)
    shuffled = {f"other{number}": masks[name] for number, name in enumerate(names)}
    np.testing.assert_array_equal(fuse_raters(masks, rule), fuse_raters(shuffled, rule))


@given(masks=raters(), rule=st.sampled_from(RaterRule), axis=st.integers(0, 2))
def test_flipping_the_image_flips_the_result(masks: Masks, rule: RaterRule, axis: int) -> None:
    flipped = {name: np.flip(mask, axis) for name, mask in masks.items()}
    expected = np.flip(fuse_raters(masks, rule, rater="rater1"), axis)
    np.testing.assert_array_equal(fuse_raters(flipped, rule, rater="rater1"), expected)


@given(masks=raters(), rule=st.sampled_from(RaterRule), count=st.integers(1, 4))
def test_raters_who_agree_give_what_they_drew(masks: Masks, rule: RaterRule, count: int) -> None:
    same = {f"rater{number}": masks["rater1"] for number in range(count)}
    np.testing.assert_array_equal(fuse_raters(same, rule, rater="rater0"), masks["rater1"])


@given(masks=raters())
def test_a_majority_is_more_than_half(masks: Masks) -> None:
    votes = sum(mask.astype(int) for mask in masks.values())
    np.testing.assert_array_equal(fuse_raters(masks, RaterRule.MAJORITY), votes > len(masks) / 2)


@thorough(0.2)
@given(drawn=st.integers(1, 59))
def test_one_of_two_raters_is_neither_a_majority_nor_likely(drawn: int) -> None:
    mask = np.zeros(60, np.uint8)
    mask[:drawn] = 1
    masks = {"rater1": mask.reshape(SHAPE), "rater2": np.zeros(SHAPE, np.uint8)}
    assert not fuse_raters(masks, RaterRule.MAJORITY).any()
    assert not fuse_raters(masks, RaterRule.STAPLE).any()


def test_staple_sides_with_the_raters_who_agree() -> None:
    good, bad = np.zeros((20, 20, 4), np.uint8), np.zeros((20, 20, 4), np.uint8)
    good[5:12, 5:12, 1:3] = 1
    bad[14:18, 14:18, 1:3] = 1
    near = good.copy()
    near[5, 5, 1] = 0
    fused = fuse_raters({"a": good, "b": near, "c": good, "d": bad}, RaterRule.STAPLE)
    np.testing.assert_array_equal(fused, good)


@pytest.mark.parametrize(("drawn", "also", "both"), [(20, 20, 3), (20, 45, 9)])
def test_staple_stays_within_what_contradicting_raters_drew(drawn: int, also: int, both: int) -> None:
    one, other = np.zeros(60, np.uint8), np.zeros(60, np.uint8)
    one[:drawn] = 1
    other[drawn - both : drawn - both + also] = 1
    fused = fuse_raters({"a": one.reshape(SHAPE), "b": other.reshape(SHAPE)}, RaterRule.STAPLE).ravel()
    assert fused[drawn - both : drawn].all()
    assert not fused[drawn - both + also :].any()


def test_the_highest_number_is_a_number_and_not_a_word() -> None:
    masks = {name: np.full(SHAPE, name == "rater10", np.uint8) for name in ("rater9", "rater10", "rater2")}
    assert fuse_raters(masks, RaterRule.HIGHEST).all()


@pytest.mark.parametrize("names", [("rater1", "consensus"), ("rater1", "reader1"), ("anna", "ben")])
def test_raters_without_one_highest_number_are_refused(names: tuple[str, str]) -> None:
    masks = {name: np.full(SHAPE, value, np.uint8) for value, name in enumerate(names)}
    with pytest.raises(DataRefusedError, match=f"found {names[0]}, {names[1]}"):
        fuse_raters(masks, RaterRule.HIGHEST)


def test_a_named_rater_is_taken_and_an_unknown_one_refused_with_a_list() -> None:
    masks = {"rater1": np.zeros(SHAPE, np.uint8), "rater2": np.ones(SHAPE, np.uint8)}
    assert fuse_raters(masks, RaterRule.ONE, rater="rater2").all()
    for rater in ("rater3", None):
        with pytest.raises(DataRefusedError, match=f"one of rater1, rater2; found {rater or 'none'}"):
            fuse_raters(masks, RaterRule.ONE, rater=rater)


def test_a_rater_alone_needs_no_naming_but_is_not_taken_for_another() -> None:
    alone = {"rater1": np.ones(SHAPE, np.uint8)}
    assert fuse_raters(alone, RaterRule.ONE).all()
    with pytest.raises(DataRefusedError, match="one of rater1; found rater2"):
        fuse_raters(alone, RaterRule.ONE, rater="rater2")


@pytest.mark.parametrize("rule", RaterRule)
def test_no_masks_and_masks_of_two_shapes_are_refused(rule: RaterRule) -> None:
    with pytest.raises(DataRefusedError, match="found none"):
        fuse_raters({}, rule)
    masks = {"rater1": np.zeros(SHAPE, np.uint8), "rater2": np.zeros((3, 4, 6), np.uint8)}
    with pytest.raises(DataRefusedError, match=r"rater1 \(3, 4, 5\), rater2 \(3, 4, 6\)"):
        fuse_raters(masks, rule, rater="rater1")
