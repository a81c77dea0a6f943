from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import ndimage

from nnunet_ext.evaluation.lesions import LesionDefinition, Meetings, find_lesions
from nnunet_ext.evaluation.lesionwise import LesionDetection, detect_lesions
from nnunet_ext.evaluation.overlap import BoolArray
from nnunet_ext.evaluation.overlap_rules import AnimaRule, IouRule, OverlapRule, ShareRule
from nnunet_ext.evaluation.preset import ANIMA, GROS2019, LEMAY2021, PANOPTICA, PRESETS, SCISEG2, Preset
from tests.evaluation.shapes import EDGE, LESION, SPECK, SPLIT, blank, block, turned
from tests.strategies import ORDERS, masks, shapes


def detect(reference: BoolArray, prediction: BoolArray, preset: Preset = SCISEG2) -> LesionDetection:
    return detect_lesions(reference, prediction, 1.0, preset)


def scores(reference: BoolArray, prediction: BoolArray, preset: Preset = SCISEG2) -> tuple[float, float, float]:
    found = detect(reference, prediction, preset)
    return found.ppv, found.sensitivity, found.f1


def counts(found: LesionDetection) -> tuple[int, int, int, int]:
    return found.ref_count, found.pred_count, found.true_positives, found.false_positives


# Anima drops lesions of up to 3 mm3 and has no false positive by one of 2; panoptica pairs one to one.
@pytest.mark.parametrize(
    ("reference", "prediction", "expected"),
    [
        (LESION, SPLIT, {"sciseg2": (1, 1, 1), "anima": (1, 1, 1), "panoptica": (1 / 2, 1, 2 / 3)}),
        (LESION | SPECK, LESION, {"sciseg2": (1, 1 / 2, 2 / 3), "anima": (1, 1, 1), "panoptica": (1, 1 / 2, 2 / 3)}),
        (LESION, LESION | SPECK, {"sciseg2": (1 / 2, 1, 2 / 3), "anima": (1, 1, 1), "panoptica": (1 / 2, 1, 2 / 3)}),
    ],
    ids=["split in two", "a missed speck", "an invented speck"],
)
def test_one_toy_case_has_three_answers_by_three_presets(
    reference: BoolArray, prediction: BoolArray, expected: dict[str, tuple[float, float, float]]
) -> None:
    found = {name: scores(reference, prediction, PRESETS[name]) for name in expected}
    assert found == {name: pytest.approx(values) for name, values in expected.items()}


@pytest.mark.parametrize(("name", "count"), [("sciseg2", 2), ("anima", 2), ("panoptica", 1), ("gros2019", 1)])
def test_blocks_that_share_an_edge_are_one_or_two_lesions_by_the_preset(name: str, count: int) -> None:
    assert detect(EDGE, EDGE, PRESETS[name]).ref_count == count


@pytest.mark.parametrize(("covered", "found"), [(0, False), (3, False), (4, True), (5, True)])
def test_a_lesion_is_found_from_a_tenth_of_its_voxels_on(covered: int, found: bool) -> None:
    assert detect(LESION, first_voxels(LESION, covered)).true_positives == int(found)


@pytest.mark.parametrize(("covered", "found"), [(9, False), (10, True)])
def test_gros_wants_a_quarter_of_a_lesion(covered: int, found: bool) -> None:
    assert detect(LESION, first_voxels(LESION, covered), GROS2019).true_positives == int(found)


def test_gros_counts_no_lesion_of_two_voxels() -> None:
    assert counts(detect(LESION | SPECK, LESION | SPECK, GROS2019)) == (1, 1, 1, 0)


@pytest.mark.parametrize(("voxel_mm3", "found"), [(0.5, False), (0.6, True), (1.0, True)])
def test_lemay_wants_six_cubic_millimetres_whatever_the_voxel(voxel_mm3: float, found: bool) -> None:
    ten_voxels = first_voxels(LESION, 10)
    judged = detect_lesions(LESION, ten_voxels, voxel_mm3, LEMAY2021)
    assert (judged.true_positives, judged.false_positives) == (int(found), int(not found))


@pytest.mark.parametrize(
    "rule", [ShareRule(0.3), ShareRule(0.1, real_overlap=0.3), AnimaRule(alpha=0.3, beta=0.9), IouRule(3 / 17)]
)
def test_a_share_of_exactly_the_limit_falls_on_its_side_whatever_its_last_digit(rule: OverlapRule) -> None:
    exact = rule.judge(_met(10, 3), 1.0)
    # 3e7 + 3 of 1e8 voxels are nearer to the limit than a 32-bit header can tell.
    near = [rule.judge(_met(100_000_000, 30_000_000 + more), 1.0) for more in (-3, 3)]
    assert [(found.found.tolist(), found.false.tolist()) for found in near] == [
        (exact.found.tolist(), exact.false.tolist())
    ] * 2


def _met(size: int, shared: int) -> Meetings:
    """Let two lesions of one size share voxels."""
    sizes, shares, first = (np.array([value]) for value in (size, shared, 0))
    return Meetings(sizes, sizes, first, first, shares)


def test_anima_wants_more_than_a_tenth_of_a_lesion() -> None:
    tenth, more = first_voxels(LESION, 4), first_voxels(LESION, 5)
    assert detect(LESION, tenth, ANIMA).true_positives == 0
    assert detect(LESION, more, ANIMA).true_positives == 1


@pytest.mark.parametrize(("beyond", "found"), [(70, True), (71, False)])
def test_anima_finds_nothing_by_a_detection_that_lies_mostly_elsewhere(beyond: int, found: bool) -> None:
    shape = (20, 20, 20)
    reference = block((0, 1), (0, 1), (0, 10), shape=shape) | block((0, 3), (0, 1), (0, 10), shape=shape)
    prediction = reference.copy()
    outside = np.flatnonzero(block((3, 20), (0, 1), (0, 20), shape=shape))
    prediction.flat[outside[:beyond]] = True  # 30 voxels inside, so that 70 outside are 70 %
    judged = detect(reference, prediction, ANIMA)
    assert (judged.true_positives, judged.pred_count) == (int(found), 1)


def test_anima_looks_at_the_detections_that_make_up_most_of_the_cover_and_no_further() -> None:
    shape = (30, 30, 30)
    lesion = block((5, 6), (5, 6), (0, 30), shape=shape)
    large = block((5, 6), (5, 6), (0, 20), shape=shape)  # two thirds of the cover: more than gamma
    stray = block((5, 6), (5, 30), (24, 29), shape=shape)  # 5 voxels inside, 120 outside
    assert detect(lesion, large | stray, ANIMA).true_positives == 1
    small = block((5, 6), (5, 6), (0, 8), shape=shape)  # 8 of 13: the stray one is needed, too
    assert detect(lesion, small | stray, ANIMA).true_positives == 0


@pytest.mark.parametrize(("voxels", "count"), [(3, 0), (4, 1)])
def test_anima_drops_lesions_of_exactly_three_cubic_millimetres(voxels: int, count: int) -> None:
    small = block((0, 1), (0, 1), (0, voxels))
    assert detect(small, small, ANIMA).ref_count == count


def test_a_prediction_that_touches_too_little_is_neither_true_nor_false() -> None:
    touch = block((2, 3), (2, 3), (10, 12))  # one of 40 voxels
    found = detect(LESION, touch)
    assert (found.ref_count, found.true_positives, found.false_positives) == (1, 0, 0)
    assert (found.ppv, found.sensitivity, found.f1) == (1, 0, 0)


NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "both", "reference", "prediction"),
    [
        ("sciseg2", (1, 1, 1), (0, 1, 0), (0, 0, 0)),
        ("anima", (NAN, NAN, NAN), (NAN, NAN, NAN), (0, 0, 0)),
        ("panoptica", (NAN, NAN, NAN), (0, NAN, 0), (NAN, 0, 0)),
        ("gros2019", (NAN, NAN, NAN), (NAN, NAN, NAN), (NAN, 0, 0)),
        ("lemay2021", (NAN, NAN, NAN), (NAN, NAN, NAN), (NAN, 0, 0)),
    ],
)
def test_empty_masks_follow_the_published_rules(
    name: str,
    both: tuple[float, float, float],
    reference: tuple[float, float, float],
    prediction: tuple[float, float, float],
) -> None:
    preset, same = PRESETS[name], {"nan_ok": True}
    assert scores(blank(), blank(), preset) == pytest.approx(both, **same)
    assert scores(blank(), LESION, preset) == pytest.approx(reference, **same)
    assert scores(LESION, blank(), preset) == pytest.approx(prediction, **same)


SMALL = SPECK | block((8, 9), (2, 3), (2, 5))  # 2 and 3 voxels


@pytest.mark.parametrize(
    ("reference", "prediction", "expected"),
    [
        (SMALL, LESION, (0, NAN, 0)),
        (SMALL, LESION | SMALL, (0, NAN, 0)),
        (SMALL, SMALL, (NAN, NAN, NAN)),
        (SMALL, blank(), (NAN, NAN, NAN)),
        (blank(), SMALL, (NAN, NAN, NAN)),
        (blank(), LESION | SMALL, (NAN, NAN, NAN)),
        (LESION, SMALL, (0, 0, 0)),
        (LESION | SMALL, LESION, (1, 1, 1)),
    ],
)
def test_anima_has_a_predictive_value_where_the_reference_holds_lesions_and_none_of_its_size(
    reference: BoolArray, prediction: BoolArray, expected: tuple[float, float, float]
) -> None:
    # Anima divides predicted lesions that hold by predicted lesions; only a reference without a voxel stops it.
    assert scores(reference, prediction, ANIMA) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(("smallest_mm3", "count"), [(0.0, 2), (1.0, 2), (1.01, 1), (20.01, 0)])
def test_lesions_below_the_smallest_volume_are_dropped_by_mm3(smallest_mm3: float, count: int) -> None:
    preset = replace(SCISEG2, lesion=LesionDefinition(6, smallest_mm3))
    found = detect_lesions(LESION | SPECK, LESION | SPECK, 0.5, preset)  # 40 and 2 voxels of half a mm3
    assert (found.ref_count, found.pred_count, found.true_positives) == (count, count, count)


@given(masks(), masks(), st.sampled_from([6, 18, 26]), st.floats(0.05, 1))
def test_counts_agree_with_the_definition_spelled_out(
    reference: BoolArray, prediction: BoolArray, connectivity: Literal[6, 18, 26], overlap: float
) -> None:
    preset = replace(SCISEG2, lesion=LesionDefinition(connectivity), rule=ShareRule(overlap))
    found = detect(reference, prediction, preset)
    assert counts(found) == _spelled_out(reference, prediction, connectivity, overlap)


@example(np.array([[[True, False, True]]]), 26)  # two specks in a line, at which cc3d gives up
@given(masks(shapes(4), often=None), st.sampled_from([6, 18, 26]))
def test_the_lesions_of_an_image_however_thin_are_all_found(mask: BoolArray, connectivity: Literal[6, 18, 26]) -> None:
    found = find_lesions(mask, 1.0, LesionDefinition(connectivity))
    structure = ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[connectivity])
    assert found.numbers.shape == mask.shape
    assert len(found.sizes) == ndimage.label(mask, structure)[1]


@given(masks(), masks(), ORDERS, st.integers(0, 2), st.sampled_from(sorted(PRESETS)))
def test_turning_both_masks_changes_no_count(
    reference: BoolArray, prediction: BoolArray, axes: list[int], flipped: int, name: str
) -> None:
    preset = PRESETS[name]
    again = counts(detect(turned(reference, axes, flipped), turned(prediction, axes, flipped), preset))
    # Several pairs of one IoU, or several equal shares of a cover, leave a choice open: compare what does not.
    if name in ("panoptica", "anima"):
        assert again[:2] == counts(detect(reference, prediction, preset))[:2]
    else:
        assert again == counts(detect(reference, prediction, preset))


@given(masks(), masks(), st.sampled_from(sorted(PRESETS)))
def test_ratios_stay_between_zero_and_one_or_are_missing(
    reference: BoolArray, prediction: BoolArray, name: str
) -> None:
    assert all(np.isnan(value) or 0 <= value <= 1 for value in scores(reference, prediction, PRESETS[name]))


@given(masks(), st.sampled_from(["sciseg2", "anima", "panoptica", "gros2019"]))
def test_a_mask_against_itself_is_perfect_or_missing(mask: BoolArray, name: str) -> None:
    assert all(np.isnan(value) or value == 1 for value in scores(mask, mask, PRESETS[name]))


@given(masks(), masks())
def test_anima_and_panoptica_exchange_sensitivity_and_precision_with_the_masks(
    reference: BoolArray, prediction: BoolArray
) -> None:
    for preset in (ANIMA, PANOPTICA):
        ahead, back = detect(reference, prediction, preset), detect(prediction, reference, preset)
        if min(ahead.ref_count, ahead.pred_count):
            assert (ahead.sensitivity, ahead.f1) == pytest.approx((back.ppv, back.f1))


def first_voxels(mask: BoolArray, number: int) -> BoolArray:
    part = blank()
    part.flat[np.flatnonzero(mask)[:number]] = True
    return part


def _spelled_out(
    reference: BoolArray, prediction: BoolArray, connectivity: Literal[6, 18, 26], overlap: float
) -> tuple[int, int, int, int]:
    structure = ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[connectivity])
    lesions, ref_count = ndimage.label(reference, structure)
    predicted, pred_count = ndimage.label(prediction, structure)
    found = [prediction[lesions == number].mean() >= overlap - 1e-9 for number in range(1, ref_count + 1)]
    invented = [not reference[predicted == number].any() for number in range(1, pred_count + 1)]
    return ref_count, pred_count, sum(found), sum(invented)
