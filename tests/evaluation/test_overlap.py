import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.evaluation.overlap import BoolArray, count_voxels, dice
from tests.strategies import ORDERS, masks, shapes

EMPTY = np.zeros((3, 3, 3), dtype=np.bool_)
FULL = np.ones((3, 3, 3), dtype=np.bool_)


PAIRS = shapes(5).flatmap(lambda shape: st.tuples(*[masks(shape, often=None)] * 2))


@given(PAIRS)
def test_dice_is_symmetric_and_bounded(masks: tuple[BoolArray, BoolArray]) -> None:
    one, other = masks
    assert dice(one, other) == dice(other, one)
    assert 0 <= dice(one, other) <= 1


@given(PAIRS)
def test_dice_is_one_exactly_for_equal_masks(masks: tuple[BoolArray, BoolArray]) -> None:
    one, other = masks
    assert dice(one, one) == 1
    assert (dice(one, other) == 1) == np.array_equal(one, other)


@given(PAIRS, ORDERS, st.integers(0, 2))
def test_turning_both_masks_changes_nothing(masks: tuple[BoolArray, BoolArray], axes: list[int], flipped: int) -> None:
    one, other = (np.flip(mask.transpose(axes), flipped) for mask in masks)
    assert dice(one, other) == dice(*masks)
    assert count_voxels(one, other).relative_volume_error == count_voxels(*masks).relative_volume_error


def test_dice_of_half_an_overlap() -> None:
    reference, prediction = EMPTY.copy(), EMPTY.copy()
    reference[0, 0, :2] = True
    prediction[0, 0, 1:] = True
    assert dice(reference, prediction) == pytest.approx(2 * 1 / (2 + 2))


@pytest.mark.parametrize(
    ("reference", "prediction", "expected_dice", "expected_error"),
    [(EMPTY, EMPTY, 1, 0), (EMPTY, FULL, 0, 100), (FULL, EMPTY, 0, -100)],
    ids=["both empty", "reference empty", "prediction empty"],
)
def test_empty_masks_follow_the_published_rules(
    reference: BoolArray, prediction: BoolArray, expected_dice: float, expected_error: float
) -> None:
    assert dice(reference, prediction) == expected_dice
    assert count_voxels(reference, prediction).relative_volume_error == expected_error


def test_a_prediction_twice_as_large_is_off_by_plus_hundred_percent() -> None:
    reference, prediction = EMPTY.copy(), EMPTY.copy()
    reference[0, 0, 0] = True
    prediction[2, 2, :2] = True
    assert count_voxels(reference, prediction).relative_volume_error == pytest.approx(100)
    assert count_voxels(prediction, reference).relative_volume_error == pytest.approx(-50)
