import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.evaluation.case import RegionMetrics, evaluate_case

Labels = npt.NDArray[np.uint8]
REGIONS = {"sc": (1, 2), "lesion": (2,)}


def cord_with_lesion() -> Labels:
    labels = np.zeros((8, 8, 10), dtype=np.uint8)
    labels[2:6, 2:6] = 1
    labels[3:5, 3:5, 4:7] = 2
    return labels


def evaluate(reference: Labels, prediction: Labels, voxel_volume_mm3: float = 1.0) -> dict[str, RegionMetrics]:
    rows = evaluate_case(reference, prediction, voxel_volume_mm3, REGIONS, case="c1", site="here")
    return {row.region: row for row in rows}


def test_a_row_stands_for_each_region_in_order() -> None:
    labels = cord_with_lesion()
    rows = evaluate_case(labels, labels, 1.0, REGIONS, case="c1", site="here")
    assert [(row.case, row.site, row.region) for row in rows] == [("c1", "here", "sc"), ("c1", "here", "lesion")]


def test_the_cord_includes_its_lesion() -> None:
    reference = cord_with_lesion()
    prediction = np.minimum(reference, 1)  # a perfect cord, and no lesion at all
    rows = evaluate(reference, prediction)
    assert rows["sc"].dsc == 1
    assert rows["sc"].ref_volume_mm3 == rows["sc"].pred_volume_mm3 == 4 * 4 * 10
    assert (rows["lesion"].dsc, rows["lesion"].pred_volume_mm3) == (0, 0)


def test_only_the_lesion_is_counted_lesion_by_lesion() -> None:
    rows = evaluate(cord_with_lesion(), cord_with_lesion())
    assert (rows["lesion"].ref_count, rows["lesion"].pred_count, rows["lesion"].lesion_f1) == (1, 1, 1)
    cord = rows["sc"]
    assert {cord.ref_count, cord.pred_count, cord.lesion_ppv, cord.lesion_sensitivity, cord.lesion_f1} == {None}


@given(st.floats(0.01, 50))
def test_volumes_scale_with_the_voxel_and_ratios_do_not(voxel_volume_mm3: float) -> None:
    reference, prediction = cord_with_lesion(), np.roll(cord_with_lesion(), 1, axis=2)
    unit, scaled = evaluate(reference, prediction), evaluate(reference, prediction, voxel_volume_mm3)
    for region, row in scaled.items():
        assert row.ref_volume_mm3 == pytest.approx(unit[region].ref_volume_mm3 * voxel_volume_mm3)
        assert row.pred_volume_mm3 == pytest.approx(unit[region].pred_volume_mm3 * voxel_volume_mm3)
        assert (row.dsc, row.rel_vol_error, row.lesion_f1) == (
            unit[region].dsc, unit[region].rel_vol_error, unit[region].lesion_f1,
        )  # fmt: skip


def test_masks_on_two_grids_are_refused_with_both_shapes() -> None:
    with pytest.raises(DataRefusedError, match=r"c1.*\(8, 8, 10\).*\(8, 10, 8\)"):
        evaluate(cord_with_lesion(), cord_with_lesion().transpose(0, 2, 1))


def test_a_label_that_no_region_names_is_refused() -> None:
    stranger = cord_with_lesion()
    stranger[0, 0, 0] = 7
    with pytest.raises(DataRefusedError, match="prediction holds label 7"):
        evaluate(cord_with_lesion(), stranger)


@pytest.mark.parametrize("wrong", [np.zeros((2, 2, 2)), np.zeros((2, 2, 2, 1), dtype=np.uint8)])
def test_what_is_no_integer_volume_is_refused(wrong: npt.NDArray[np.generic]) -> None:
    with pytest.raises(DataRefusedError, match="3-D integer"):
        evaluate_case(wrong, wrong, 1.0, REGIONS, case="c1", site="here")


@pytest.mark.parametrize("volume", [0.0, -1.0, float("nan")])
def test_a_voxel_without_volume_is_refused(volume: float) -> None:
    with pytest.raises(DataRefusedError, match="voxel volume"):
        evaluate(cord_with_lesion(), cord_with_lesion(), volume)
