from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from nnunet_ext.evaluation.lesionwise import LesionDetection, detect_lesions
from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.preset import SCISEG2, Preset

SHAPE = (12, 12, 12)


def blank() -> BoolArray:
    return np.zeros(SHAPE, dtype=np.bool_)


def block(*ranges: tuple[int, int]) -> BoolArray:
    mask = blank()
    mask[tuple(slice(*limits) for limits in ranges)] = True
    return mask


def scores(reference: BoolArray, prediction: BoolArray, preset: Preset = SCISEG2) -> tuple[float, float, float]:
    found = detect_lesions(reference, prediction, 1.0, preset)
    return found.ppv, found.sensitivity, found.f1


LESION = block((2, 4), (2, 4), (1, 11))
SPLIT = block((2, 4), (2, 4), (1, 4)) | block((2, 4), (2, 4), (7, 11))
SPECK = block((8, 9), (8, 9), (5, 7))


def test_a_lesion_predicted_in_two_pieces_is_found_once_without_a_false_positive() -> None:
    assert scores(LESION, SPLIT) == (1, 1, 1)
    assert detect_lesions(LESION, SPLIT, 1.0, SCISEG2).pred_count == 2


def test_a_missed_speck_halves_the_sensitivity() -> None:
    assert scores(LESION | SPECK, SPLIT) == pytest.approx((1, 1 / 2, 2 / 3))


def test_an_invented_speck_halves_the_predictive_value() -> None:
    assert scores(LESION, LESION | SPECK) == pytest.approx((1 / 2, 1, 2 / 3))


@pytest.mark.parametrize(("connectivity", "count"), [(6, 2), (18, 1), (26, 1)])
def test_blocks_that_share_an_edge_are_two_lesions_by_faces_only(connectivity: Literal[6, 18, 26], count: int) -> None:
    touching = block((2, 4), (2, 4), (2, 4)) | block((4, 6), (4, 6), (2, 4))
    preset = replace(SCISEG2, connectivity=connectivity)
    assert detect_lesions(touching, touching, 1.0, preset).ref_count == count


@pytest.mark.parametrize(("covered", "found"), [(0, False), (3, False), (4, True), (5, True)])
def test_a_lesion_is_found_from_a_tenth_of_its_voxels_on(covered: int, found: bool) -> None:
    lesion = block((2, 4), (2, 4), (1, 11))  # 40 voxels
    prediction = blank()
    prediction.flat[np.flatnonzero(lesion)[:covered]] = True
    assert detect_lesions(lesion, prediction, 1.0, SCISEG2).true_positives == int(found)


def test_a_prediction_that_touches_too_little_is_neither_true_nor_false() -> None:
    touch = block((2, 3), (2, 3), (10, 12))  # one of 40 voxels
    found = detect_lesions(LESION, touch, 1.0, SCISEG2)
    assert (found.true_positives, found.false_positives, found.false_negatives) == (0, 0, 1)
    assert (found.ppv, found.sensitivity, found.f1) == (1, 0, 0)


@pytest.mark.parametrize(
    ("reference", "prediction", "expected"),
    [(blank(), blank(), (1, 1, 1)), (blank(), SPECK, (0, 1, 0)), (SPECK, blank(), (0, 0, 0))],
    ids=["both empty", "reference empty", "prediction empty"],
)
def test_empty_masks_follow_the_published_rules(
    reference: BoolArray, prediction: BoolArray, expected: tuple[float, float, float]
) -> None:
    assert scores(reference, prediction) == expected


@pytest.mark.parametrize(("smallest_mm3", "count"), [(0.0, 2), (1.0, 2), (1.01, 1), (20.01, 0)])
def test_lesions_below_the_smallest_volume_are_dropped_by_mm3(smallest_mm3: float, count: int) -> None:
    preset = replace(SCISEG2, smallest_lesion_mm3=smallest_mm3)
    found = detect_lesions(LESION | SPECK, LESION | SPECK, 0.5, preset)  # 40 and 2 voxels of half a mm3
    assert (found.ref_count, found.pred_count, found.true_positives) == (count, count, count)


def masks(side: int = 6) -> st.SearchStrategy[BoolArray]:
    values = st.booleans()
    return hnp.arrays(np.bool_, (side, side, side), elements=values, fill=st.just(False))


@given(masks(), masks(), st.sampled_from([6, 18, 26]), st.floats(0.05, 1))
def test_counts_agree_with_the_definition_spelled_out(
    reference: BoolArray, prediction: BoolArray, connectivity: Literal[6, 18, 26], overlap: float
) -> None:
    found = detect_lesions(reference, prediction, 1.0, Preset("any", connectivity, 0.0, overlap))
    assert found == _spelled_out(reference, prediction, connectivity, overlap)


@given(masks(), masks(), st.permutations(range(3)), st.integers(0, 2))
def test_turning_both_masks_changes_no_count(
    reference: BoolArray, prediction: BoolArray, axes: list[int], flipped: int
) -> None:
    turned = [np.flip(mask.transpose(axes), flipped) for mask in (reference, prediction)]
    assert detect_lesions(turned[0], turned[1], 1.0, SCISEG2) == detect_lesions(reference, prediction, 1.0, SCISEG2)


@given(masks(), masks())
def test_ratios_stay_between_zero_and_one(reference: BoolArray, prediction: BoolArray) -> None:
    assert all(0 <= value <= 1 for value in scores(reference, prediction))


@given(masks())
def test_a_mask_against_itself_is_perfect(mask: BoolArray) -> None:
    assert scores(mask, mask) == (1, 1, 1)


def _spelled_out(
    reference: BoolArray, prediction: BoolArray, connectivity: Literal[6, 18, 26], overlap: float
) -> LesionDetection:
    structure = ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[connectivity])
    lesions, ref_count = ndimage.label(reference, structure)
    predicted, pred_count = ndimage.label(prediction, structure)
    found = [prediction[lesions == number].mean() >= overlap for number in range(1, ref_count + 1)]
    invented = [not reference[predicted == number].any() for number in range(1, pred_count + 1)]
    return LesionDetection(ref_count, pred_count, sum(found), sum(invented))
