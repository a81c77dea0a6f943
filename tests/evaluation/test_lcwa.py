import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from nnunet_ext.evaluation.lcwa import lesion_count_weighted_by_assignment
from nnunet_ext.evaluation.lesions import LesionDefinition, find_lesions, meet
from nnunet_ext.evaluation.overlap import BoolArray
from tests.evaluation.shapes import LESION, SPECK, SPLIT, blank, block
from tests.strategies import ORDERS, masks


def lcwa(reference: BoolArray, prediction: BoolArray) -> float:
    faces = LesionDefinition(6)
    return lesion_count_weighted_by_assignment(
        meet(find_lesions(reference, 1.0, faces), find_lesions(prediction, 1.0, faces))
    )


@pytest.mark.parametrize(
    ("reference", "prediction", "expected"),
    [
        (LESION, LESION, 1.0),
        (LESION, SPLIT, 1.0),  # one piece is matched, wholly inside
        (LESION | SPECK, LESION, 1 / 2),
        (LESION, block((2, 4), (2, 4), (0, 12)), 40 / 48),
        (blank(), LESION, math.nan),
        (blank(), blank(), math.nan),
        (LESION, blank(), 0.0),
        (LESION, SPECK, 0.0),
    ],
)
def test_toy_cases_by_hand(reference: BoolArray, prediction: BoolArray, expected: float) -> None:
    assert lcwa(reference, prediction) == pytest.approx(expected, nan_ok=True)


@given(masks((4, 4, 4)), masks((4, 4, 4)))
def test_it_is_the_best_of_all_matchings(reference: BoolArray, prediction: BoolArray) -> None:
    lesions, count = ndimage.label(reference)
    predicted, found = ndimage.label(prediction)
    if not 0 < count <= 5 or found > 5:
        return
    precision = np.zeros((5, 5))
    for row in range(count):
        for column in range(found):
            precision[row, column] = np.mean(lesions[predicted == column + 1] == row + 1)
    best = max(sum(precision[range(5), order]) for order in permutations(range(5)))
    assert lcwa(reference, prediction) == pytest.approx(best / count)


@given(masks(), masks(), ORDERS, st.integers(0, 2))
def test_it_is_bounded_and_unchanged_by_turning_both(
    reference: BoolArray, prediction: BoolArray, axes: list[int], flipped: int
) -> None:
    value = lcwa(reference, prediction)
    turned = lcwa(*(np.flip(mask.transpose(axes), flipped) for mask in (reference, prediction)))
    assert math.isnan(value) or 0 <= value <= 1
    assert value == pytest.approx(turned, nan_ok=True)
