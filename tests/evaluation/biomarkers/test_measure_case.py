import math
from dataclasses import asdict, replace
from itertools import permutations

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.biomarkers.lesion_biomarkers import CaseBiomarkers, LesionBiomarkers, LesionStatus
from nnunet_ext.evaluation.biomarkers.measure_case import measure_case
from nnunet_ext.evaluation.biomarkers.totals import case_totals
from tests.evaluation.biomarkers.boxes import LAS, SHAPE, Box, Mask, boxes, leaning_cord, measure, straight_cord
from tests.strategies import ANGLES

AXES = sorted("".join(order) for pair in ("LR", "RL") for order in permutations([pair[0], "A", "S"]))
SLICE_COLUMNS = ("midsagittal_slice", "midsagittal_slice_corrected")

inside = st.builds(
    lambda x, y, z, size: ((x, y, z), size),
    st.integers(4, 10),
    st.integers(3, 12),
    st.integers(0, 11),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
)
lesions = st.lists(inside, min_size=1, max_size=3)


def one(case: CaseBiomarkers) -> LesionBiomarkers:
    (row,) = case.lesions
    return row


def millimetres(row: LesionBiomarkers) -> dict[str, float]:
    """Give all but the slices as numbers, so that they can be compared up to rounding."""
    rest = {key: value for key, value in asdict(row).items() if key not in SLICE_COLUMNS}
    status = list(LesionStatus).index(rest.pop("status"))
    return {"status": status, **{key: -1.0 if value is None else float(value) for key, value in rest.items()}}


def test_a_lesion_in_a_straight_cord_has_the_sizes_that_one_counts() -> None:
    row = one(measure(boxes(((7, 6, 4), (3, 4, 5))), straight_cord()))  # the plane is slice 8, whole
    assert (row.volume_mm3, row.length_mm, row.width_mm) == (60, 5, 4)
    assert row.max_equivalent_diameter_mm == pytest.approx(2 * math.sqrt(12 / math.pi))
    assert row.max_axial_damage_ratio == 12 / 56
    assert (row.midsagittal_slice, row.midsagittal_length_mm, row.midsagittal_width_mm) == (8, 5, 4)
    assert (row.dorsal_bridge_mm, row.ventral_bridge_mm, row.total_bridge_mm) == (1, 3, 4)
    assert (row.dorsal_bridge_ratio_percent, row.ventral_bridge_ratio_percent) == (25, 75)
    assert row.bridge_is_proxy is False


def test_between_two_slices_bridges_are_interpolated_and_a_slice_without_lesion_is_left_out() -> None:
    cord = boxes(((5, 5, 0), (8, 8, 14)))  # eight wide: the plane is 8.5, between 8 and 9
    both = boxes(((8, 6, 4), (1, 2, 4)), ((9, 8, 6), (1, 2, 2)))  # slices 4 and 5: only in 8; 6 and 7: in both
    row = one(measure(both | boxes(((8, 7, 6), (1, 1, 1))), cord))
    assert row.midsagittal_slice == 8.5
    assert row.dorsal_bridge_mm == 1  # of 8 alone; between the two it is 2
    assert row.ventral_bridge_mm == 4  # (5 + 3) / 2
    assert row.midsagittal_length_mm == 4 * 0.5
    assert row.midsagittal_length_corrected_mm is not None
    assert 2 < row.midsagittal_length_corrected_mm < 4  # 4 in the one slice, 2 in the other
    assert row.midsagittal_width_mm == 2
    assert row.midsagittal_width_corrected_mm == pytest.approx(2, abs=0.3)


def test_dorsal_and_ventral_minimum_may_come_from_different_slices_and_the_same_slice_sum_does_not() -> None:
    row = one(measure(boxes(((8, 5, 4), (1, 3, 3)), ((8, 7, 6), (1, 6, 3))), straight_cord()))
    assert (row.dorsal_bridge_mm, row.ventral_bridge_mm, row.total_bridge_mm) == (0, 0, 0)
    assert (row.dorsal_bridge_ratio_percent, row.ventral_bridge_ratio_percent) == (0, 0)
    assert row.total_bridge_same_slice_mm == 0  # slice 6 holds both
    apart = one(measure(boxes(((8, 5, 4), (1, 3, 3)), ((8, 7, 6), (1, 1, 1)), ((8, 7, 7), (1, 6, 3))), straight_cord()))
    assert (apart.total_bridge_mm, apart.total_bridge_same_slice_mm) == (0, 2)


def test_a_lesion_beside_the_midline_has_a_proxy_and_says_so() -> None:
    row = one(measure(boxes(((5, 6, 4), (2, 3, 3))), straight_cord()))
    assert row.bridge_is_proxy is True
    assert (row.dorsal_bridge_mm, row.ventral_bridge_mm, row.total_bridge_mm) == (4, 4, 8)
    assert (row.midsagittal_length_mm, row.midsagittal_width_corrected_mm) == (0, 0)


def test_lesions_touching_at_an_edge_are_one_and_at_a_corner_two() -> None:
    edge = boxes(((6, 6, 4), (2, 2, 2)), ((8, 8, 4), (2, 2, 2)))
    corner = boxes(((6, 6, 4), (2, 2, 2)), ((8, 8, 6), (2, 2, 2)))
    assert [len(measure(mask, straight_cord()).lesions) for mask in (edge, corner)] == [1, 2]


def test_lesions_are_numbered_from_right_to_left_then_from_back_to_front() -> None:
    parts = [((9, 6, 2), (2, 1, 1)), ((6, 9, 9), (1, 1, 1)), ((6, 7, 12), (1, 1, 1)), ((6, 9, 2), (1, 1, 2))]
    case = measure(boxes(*[(start, size) for start, size in parts]), straight_cord())
    assert [int(case.instances[start]) for start, _ in parts] == [4, 3, 1, 2]


def test_a_lesion_outside_the_cord_keeps_its_volume_and_does_not_disturb_the_others() -> None:
    alone = one(measure(boxes(((7, 6, 4), (3, 4, 5))), straight_cord()))
    case = measure(boxes(((7, 6, 4), (3, 4, 5)), ((0, 0, 0), (3, 9, 9))), straight_cord())
    outside, inside = case.lesions
    assert (outside.status, outside.volume_mm3, outside.outside_cord_mm3) == (LesionStatus.OUTSIDE_CORD, 243, 243)
    assert (outside.length_mm, outside.dorsal_bridge_mm, outside.midsagittal_slice) == (None, None, None)
    assert inside == replace(alone, lesion=2)
    assert {bridge.lesion for bridge in case.bridges} == {2}


@pytest.mark.parametrize("front", [15, 17])
def test_a_lesion_apart_from_the_cord_is_outside_of_it_also_where_the_cord_mask_holds_it(front: int) -> None:
    inside, away = boxes(((7, 6, 4), (3, 4, 5))), boxes(((7, front, 5), (3, 1, 3)))
    given, nested = straight_cord(), straight_cord() | away
    case, other = measure(inside | away, given), measure(inside | away, nested)
    assert case.lesions == other.lesions
    assert (case.cord_volume_mm3, case.bridges) == (other.cord_volume_mm3, other.bridges)
    assert [row.status for row in other.lesions] == [LesionStatus.MEASURED, LesionStatus.OUTSIDE_CORD]
    assert case_totals(other).n_lesions_outside_cord == 1
    assert other.lesions[0].total_bridge_mm == 4  # not up to the lesion in front


@pytest.mark.parametrize("angles", [(0.0, 0.0, 0.0), (0.3, 0.2, -0.3)])
def test_the_rim_of_cord_around_a_lesion_apart_from_it_is_no_cord(angles: tuple[float, float, float]) -> None:
    shape = (16, 40, 14)
    inside, away = boxes(((7, 6, 4), (3, 4, 5)), shape=shape), boxes(((6, 30, 4), (4, 4, 5)), shape=shape)
    rim, given = boxes(((6, 29, 4), (5, 5, 6)), shape=shape), straight_cord(shape)
    affine = nib.affines.from_matvec(nib.eulerangles.euler2mat(*angles) @ LAS[:3, :3])
    expected, found = measure(inside | away, given, affine), measure(inside | away, given | rim, affine)
    assert [row.status for row in found.lesions] == [LesionStatus.OUTSIDE_CORD, LesionStatus.MEASURED]
    assert found.lesions == expected.lesions
    assert found.cord_volume_mm3 == expected.cord_volume_mm3
    assert found.cord is not None
    assert np.array_equal(found.cord, given > 0)


def test_a_lesion_that_touches_the_cord_is_cord_where_the_cord_mask_holds_it() -> None:
    leaving = boxes(((7, 12, 4), (3, 4, 5)))
    row = one(measure(leaving, straight_cord() | leaving))
    assert (row.status, row.volume_mm3, row.outside_cord_mm3) == (LesionStatus.MEASURED, 60, 0)


def test_a_lesion_wider_than_the_cord_is_measured_within_it() -> None:
    row = one(measure(np.ones(SHAPE, np.uint8), straight_cord()))
    assert (row.volume_mm3, row.max_axial_damage_ratio, row.total_bridge_mm) == (7 * 8 * 14, 1, 0)
    assert row.outside_cord_mm3 == math.prod(SHAPE) - 7 * 8 * 14


def test_a_lesion_that_the_cord_splits_keeps_one_number_and_says_how_many_pieces_there_are() -> None:
    cord = straight_cord()
    cord[:, :, 6] = 0
    row = one(measure(boxes(((7, 7, 4), (2, 2, 5))), cord))
    assert (row.components_inside_cord, row.volume_mm3, row.outside_cord_mm3) == (2, 16, 4)


def test_at_the_upper_end_sct_stops_and_the_corrected_columns_go_on() -> None:
    row = one(measure(boxes(((7, 6, 12), (3, 4, 2))), straight_cord()))
    assert (row.midsagittal_slice, row.midsagittal_length_mm, row.dorsal_bridge_mm) == (None, None, None)
    assert (row.midsagittal_slice_corrected, row.midsagittal_length_corrected_mm) == (8, 2)
    assert (row.dorsal_bridge_corrected_mm, row.ventral_bridge_corrected_mm) == (1, 3)
    assert row.length_mm == 2


@pytest.mark.parametrize("slices", [1, 2, 3, 4, 5])
def test_an_image_of_few_slices_is_measured(slices: int) -> None:
    shape = (16, 18, slices)
    row = one(measure(boxes(((7, 6, 0), (3, 4, slices)), shape=shape), straight_cord(shape)))
    assert (row.length_mm, row.dorsal_bridge_corrected_mm) == (slices, 1)


def test_a_cord_with_a_gap_is_measured_where_it_is() -> None:
    cord = straight_cord()
    cord[:, :, 3:12] = 0
    row = one(measure(boxes(((7, 6, 2), (3, 4, 2))), cord))
    assert (row.midsagittal_slice, row.midsagittal_slice_corrected, row.length_mm) == (8, 8, 1)


def test_where_none_of_the_five_slices_holds_cord_sct_stops_and_the_nearest_that_does_is_taken() -> None:
    cord = leaning_cord((16, 18, 14))
    cord[:, :, 1:13] = 0
    row = one(measure(boxes(((3, 2, 0), (7, 16, 14))), cord))
    assert (row.midsagittal_slice, row.midsagittal_length_mm, row.bridge_is_proxy) == (None, None, None)
    assert row.midsagittal_slice_corrected == 6


def test_the_plane_is_found_at_the_part_of_the_lesion_that_lies_in_the_cord() -> None:
    cord = leaning_cord()
    inside, leaving = boxes(((7, 6, 7), (2, 2, 1))), boxes(((8, 6, 7), (1, 12, 1)), ((8, 17, 1), (1, 1, 6)))
    alone, both = one(measure(inside, cord)), one(measure(inside | leaving, cord))
    assert both.outside_cord_mm3 == 11
    assert both.midsagittal_slice == alone.midsagittal_slice == pytest.approx((7 + 7 + 7 + 8 + 8) / 5)
    assert both.midsagittal_slice_corrected == alone.midsagittal_slice_corrected


def test_the_largest_lesion_is_that_which_has_most_voxels_in_the_cord() -> None:
    cord = leaning_cord()
    small_inside, large_inside = boxes(((6, 14, 10), (1, 4, 3))), boxes(((4, 4, 2), (2, 2, 2)))
    plane = one(measure(large_inside, cord)).midsagittal_slice
    assert {row.midsagittal_slice for row in measure(small_inside | large_inside, cord).lesions} == {plane}


def test_a_proxy_counts_the_voxels_of_the_cord_and_the_corrected_one_its_depth() -> None:
    cord = straight_cord()
    cord[8, 8:10] = 0  # a hole on the midline
    row = one(measure(boxes(((5, 6, 4), (2, 3, 3))), cord))
    assert (row.bridge_is_proxy, row.dorsal_bridge_mm, row.total_bridge_mm) == (True, 3, 6)
    assert (row.bridge_is_proxy_corrected, row.dorsal_bridge_corrected_mm, row.total_bridge_corrected_mm) == (
        True,
        4,
        8,
    )
    assert (row.dorsal_bridge_ratio_percent, row.ventral_bridge_ratio_percent) == (50, 50)
    assert (row.dorsal_bridge_ratio_corrected_percent, row.ventral_bridge_ratio_corrected_percent) == (None, None)


def test_without_cord_in_both_slices_of_the_plane_sct_has_no_proxy_and_writes_ratios_of_zero() -> None:
    cord = boxes(((5, 5, 0), (8, 8, 14)))  # eight wide: the plane is 8.5, between 8 and 9
    cord[9, :, 6] = 0
    lesion = boxes(((5, 6, 6), (2, 3, 1)))
    row = one(measure(lesion, cord, nli_slice=3))
    assert row.midsagittal_slice == 8.5
    assert (row.bridge_is_proxy, row.dorsal_bridge_mm, row.total_bridge_mm) == (True, None, None)
    assert (row.dorsal_bridge_ratio_percent, row.ventral_bridge_ratio_percent) == (0, 0)
    assert (row.bridge_is_proxy_corrected, row.total_bridge_corrected_mm) == (True, 8)
    assert case_totals(measure(lesion, cord, nli_slice=3)).total_bridge_mm is None


def test_a_row_without_lesion_has_halves_of_the_cord_and_no_ratios() -> None:
    row = one(measure(boxes(), straight_cord(), nli_slice=5))
    assert (row.status, row.dorsal_bridge_mm, row.ventral_bridge_mm) == (LesionStatus.NO_LESION, 4, 4)
    assert (row.dorsal_bridge_ratio_percent, row.dorsal_bridge_ratio_corrected_percent) == (None, None)


def test_without_a_cord_there_are_volumes_alone() -> None:
    case = measure(boxes(((7, 6, 4), (3, 4, 5)), ((0, 0, 0), (1, 1, 1))))
    assert [(row.volume_mm3, row.status, row.length_mm) for row in case.lesions] == [
        (1, LesionStatus.VOLUME_ONLY, None),
        (60, LesionStatus.VOLUME_ONLY, None),
    ]
    assert case.cord_volume_mm3 is None


def test_empty_masks_have_no_lesion() -> None:
    empty = np.zeros(SHAPE, np.uint8)
    for cord in (None, empty, straight_cord()):
        case = measure(empty, cord)
        assert (case.lesions, case.bridges, int(case.instances.max())) == ((), (), 0)
        assert case.instances.shape == SHAPE


def test_in_an_empty_cord_every_lesion_is_outside() -> None:
    case = measure(boxes(((7, 6, 4), (3, 4, 5))), np.zeros(SHAPE, np.uint8))
    assert (one(case).status, case.cord_volume_mm3) == (LesionStatus.OUTSIDE_CORD, 0)


def test_all_lesions_together_can_take_more_of_a_slice_than_the_worst_alone() -> None:
    case = measure(boxes(((5, 5, 4), (2, 4, 2)), ((8, 5, 4), (4, 2, 2))), straight_cord())
    assert [row.max_axial_damage_ratio for row in case.lesions] == [8 / 56, 8 / 56]
    assert case.union_max_axial_damage_ratio == 16 / 56


def test_a_level_of_injury_is_counted_along_the_file_and_moves_the_plane() -> None:
    cord = leaning_cord()
    lesion = Volume(boxes(((6, 8, 6), (2, 2, 2))), LAS)
    upside_down = reorient(lesion, "LAI")
    turned = reorient(Volume(cord, LAS), "LAI").data
    rows = [one(measure_case(lesion, cord, 1)), one(measure_case(upside_down, turned, SHAPE[2] - 2))]
    assert rows[0] == rows[1]
    assert rows[0].midsagittal_slice == np.nonzero(cord[:, :, 1])[0].mean()


@pytest.mark.parametrize(("level", "reason"), [(14, "from 0 to 13"), (2, "goes from 4 to 13"), (99, "found 99")])
def test_a_level_without_cord_or_image_is_refused_with_what_there_is(level: int, reason: str) -> None:
    cord = straight_cord()
    cord[:, :, :4] = 0
    with pytest.raises(DataRefusedError, match=reason):
        measure(boxes(), cord, nli_slice=level)


def test_masks_of_two_shapes_are_refused() -> None:
    with pytest.raises(DataRefusedError, match="one grid"):
        measure(boxes(), straight_cord((16, 18, 13)))


@given(lesions, st.sampled_from(AXES), st.lists(st.booleans(), min_size=3, max_size=3), ANGLES)
def test_no_orientation_changes_a_millimetre(
    given_boxes: list[Box], axes: str, flips: list[bool], angles: tuple[float, float, float]
) -> None:
    turn = nib.eulerangles.euler2mat(*angles)
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([-0.7, 0.8, 2.5])
    opposite = {"L": "R", "R": "L", "A": "P", "S": "I"}
    wanted = "".join(opposite[axis] if flip else axis for axis, flip in zip(axes, flips, strict=True))
    lesion, cord = Volume(boxes(*given_boxes), affine), Volume(leaning_cord(), affine)
    turned = reorient(lesion, wanted)
    straight = measure_case(lesion, cord.data)
    other = measure_case(turned, reorient(cord, wanted).data)
    assert len(straight.lesions) == len(other.lesions)
    mirrored = ("L" in lesion.axes) != ("L" in wanted)
    for before, after in zip(straight.lesions, other.lesions, strict=True):
        assert millimetres(after) == pytest.approx(millimetres(before), rel=1e-9)
        for column in SLICE_COLUMNS:
            there, here = getattr(before, column), getattr(after, column)
            assert (there is None) == (here is None)
            assert there is None or here == pytest.approx(SHAPE[0] - 1 - there if mirrored else there)
    assert np.array_equal(other.instances, reorient(Volume(straight.instances, affine), wanted).data)


@given(lesions, st.floats(0.2, 5), st.floats(0.2, 5), st.floats(0.2, 9))
def test_in_a_straight_cord_lengths_scale_with_their_axis(
    given_boxes: list[Box], across: float, depth: float, step: float
) -> None:
    lesion = boxes(*given_boxes)
    unit = measure(lesion, straight_cord())
    scaled = measure(lesion, straight_cord(), np.diag([-across, depth, step, 1.0]))
    for before, after in zip(unit.lesions, scaled.lesions, strict=True):
        assert after.volume_mm3 == pytest.approx(np.multiply(before.volume_mm3 or 0, across * depth * step))
        if before.length_mm is None or before.width_mm is None:
            continue
        assert after.length_mm == pytest.approx(before.length_mm * step)
        assert after.width_mm == pytest.approx(before.width_mm * depth)
        assert after.max_axial_damage_ratio == before.max_axial_damage_ratio
        assert after.dorsal_bridge_corrected_mm == pytest.approx((before.dorsal_bridge_corrected_mm or 0) * depth)


@given(lesions, st.tuples(*[st.integers(0, 4)] * 4))
def test_air_about_the_cord_changes_nothing(given_boxes: list[Box], pads: tuple[int, int, int, int]) -> None:
    lesion, cord = boxes(*given_boxes), leaning_cord()
    right, left, back, front = pads
    around = ((right, left), (back, front), (0, 0))
    tight, wide = measure(lesion, cord), measure(np.pad(lesion, around), np.pad(cord, around))
    for before, after in zip(tight.lesions, wide.lesions, strict=True):
        assert millimetres(after) == pytest.approx(millimetres(before), rel=1e-9)


@given(lesions)
def test_values_keep_their_bounds(given_boxes: list[Box]) -> None:
    case = measure(boxes(*given_boxes), leaning_cord(), np.diag([-0.5, 0.5, 3.0, 1.0]))
    for row in case.found:
        if row.status is LesionStatus.OUTSIDE_CORD:
            continue
        assert row.volume_mm3 is not None
        assert row.max_axial_damage_ratio is not None
        assert row.length_mm is not None
        assert 0 < row.max_axial_damage_ratio <= (case.union_max_axial_damage_ratio or 0) <= 1
        assert row.length_mm >= 3
        corrected = row.midsagittal_length_corrected_mm
        assert corrected is not None
        assert corrected <= row.length_mm + 1e-9
        assert row.midsagittal_slice is None or (row.midsagittal_length_mm or 0) <= row.length_mm + 1e-9
        if row.total_bridge_same_slice_mm is not None and row.total_bridge_corrected_mm is not None:
            assert row.total_bridge_same_slice_mm >= row.total_bridge_corrected_mm - 1e-9
    assert sum(row.volume_mm3 or 0 for row in case.found) <= math.prod(SHAPE) * 0.75


def whole(mask: Mask) -> int:
    return int(mask.sum())


@given(lesions)
def test_the_image_of_instances_holds_every_voxel_and_the_volumes_those_in_the_cord(given_boxes: list[Box]) -> None:
    lesion, cord = boxes(*given_boxes), straight_cord()
    case = measure(lesion, cord)
    assert np.array_equal(case.instances > 0, lesion > 0)
    inside = sum(row.volume_mm3 or 0 for row in case.found if row.status is LesionStatus.MEASURED)
    assert inside == whole(lesion & cord)
    assert sum(row.outside_cord_mm3 or 0 for row in case.found) == whole(lesion) - inside
