import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from nnunet_ext.evaluation.biomarkers.cord_course import cord_course
from nnunet_ext.evaluation.biomarkers.measure_case import measure_case
from nnunet_ext.evaluation.biomarkers.measured_case import CaseStatus, MeasuredCase, MeasuredLesion
from nnunet_ext.evaluation.biomarkers.sct_table import sct_table
from tests.evaluation.biomarkers.boxes import boxes

pytestmark = pytest.mark.real


@pytest.fixture
def cord(real_data: Path) -> Volume:
    return read_mask(real_data / "t2_crop" / "t2_seg-manual.nii.gz")


@pytest.fixture
def golden(real_data: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((real_data.parent / "golden" / "sct_analyze_lesion.json").read_text())
    return content


def lesion_boxes(cord: Volume, *given: Any) -> Volume:  # noqa: ANN401 - start and size, as JSON has them
    i, j, k = cord.data.shape
    return Volume(boxes(*given, shape=(i, j, k)), cord.affine)


@pytest.mark.parametrize("name", ["A", "C", "E"])
@pytest.mark.parametrize("axes", ["PSR", "LAS", "RAS", "IPL"])
def test_every_column_of_sct_is_met_to_the_last_digits(
    cord: Volume, golden: dict[str, Any], name: str, axes: str
) -> None:
    lesion = lesion_boxes(cord, *golden[name]["params_AIL_start_dim"])
    turned = reorient(lesion, axes)
    case = measure_case(turned, reorient(cord, axes).data)
    rows = tuple(MeasuredLesion(row) for row in case.lesions)
    text = sct_table(MeasuredCase(name, CaseStatus.MEASURED, lesions=rows, bridges=case.bridges))
    header, *lines = (line.split("\t") for line in text.splitlines())
    expected = golden[name]["rows"]
    mirrored = "L" in axes  # the file's own R-L axis, which is R in PSR, is the other way round
    assert len(lines) == len(expected)
    for line, row in zip(lines, expected, strict=True):
        found = dict(zip(header, line, strict=True))
        for column, value in row.items():
            own, wanted = column, value
            if mirrored and column.startswith("slice_"):
                at, rest = column.removeprefix("slice_").split("_", 1)
                own = f"slice_{cord.data.shape[2] - 1 - int(at)}_{rest}"
            if mirrored and column == "interpolated_midsagittal_slice":
                wanted = cord.data.shape[2] - 1 - value
            assert (found[own] == "n/a") == (wanted is None), column
            if wanted is not None:
                assert float(found[own]) == pytest.approx(wanted, rel=1e-9, abs=1e-12), column
    if not mirrored:
        assert header == list(expected[0])  # names and order


def test_the_angles_of_the_cord_are_those_of_sct(cord: Volume, golden: dict[str, Any]) -> None:
    along = reorient(cord, "LAS")
    course = cord_course(along.data > 0, along.spacing, (0, 0, 0), along.data.shape[2])
    for cosine, key in ((course.cosine, "angles_3d_deg"), (course.cosine_sagittal, "angles_sagittal_deg")):
        assert np.degrees(np.arccos(cosine)) == pytest.approx(golden["A"][key], abs=5.1e-5)


def test_an_empty_mask_with_a_level_of_injury_gives_halves_of_the_cord(cord: Volume) -> None:
    (row,) = measure_case(lesion_boxes(cord), cord.data, nli_slice=10).lesions
    assert row.lesion == 0
    assert row.volume_mm3 is None
    assert row.bridge_is_proxy is True
    assert row.dorsal_bridge_mm == row.ventral_bridge_mm == pytest.approx(3.980, rel=1e-3)
    assert row.total_bridge_mm == pytest.approx(7.960, rel=1e-3)
    assert (row.dorsal_bridge_ratio_percent, row.ventral_bridge_ratio_percent) == (None, None)


def test_at_the_lower_end_of_the_image_sct_wraps_and_the_corrected_slice_does_not(cord: Volume) -> None:
    (row,) = measure_case(lesion_boxes(cord, ((29, 0, 25), (3, 3, 2))), cord.data).lesions
    assert row.midsagittal_slice is not None
    assert row.midsagittal_slice_corrected is not None
    assert 51 - row.midsagittal_slice == pytest.approx(25.644, abs=5e-4)
    assert 51 - row.midsagittal_slice_corrected == pytest.approx(25.756, abs=5e-4)


def test_the_corrected_length_of_a_lesion_in_one_of_two_slices_does_not_shrink(cord: Volume) -> None:
    (row,) = measure_case(lesion_boxes(cord, ((31, 0, 25), (4, 15, 3))), cord.data).lesions
    assert row.midsagittal_length_mm == pytest.approx(13.5445, rel=1e-5)
    assert row.midsagittal_length_corrected_mm is not None
    assert row.length_mm is not None
    assert 15 < row.midsagittal_length_corrected_mm <= row.length_mm
    assert row.midsagittal_width_corrected_mm == pytest.approx(row.width_mm)
