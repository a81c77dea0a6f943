"""Measures of lesions drawn into real cords."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.classification.measures.cord_body import cord_body
from nnunet_ext.classification.measures.measure_case import measure_case
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume
from tests.evaluation.biomarkers.boxes import boxes

pytestmark = pytest.mark.real


def drawn_lesion(cord: Volume, golden: Path, name: str) -> tuple[Volume, list[dict[str, float]]]:
    content = json.loads(golden.read_text())[name]
    i, j, k = cord.data.shape
    return Volume(boxes(*content["params_AIL_start_dim"], shape=(i, j, k)), cord.affine), content["rows"]


@pytest.mark.parametrize("name", ["A", "C", "E"])
def test_sizes_in_a_real_cord_are_those_of_sct(real_data: Path, name: str) -> None:
    cord = read_mask(real_data / "t2_crop" / "t2_seg-manual.nii.gz")
    lesion, rows = drawn_lesion(cord, real_data.parent / "golden" / "sct_analyze_lesion.json", name)
    image = read_volume(real_data / "t2_crop" / "t2.nii.gz").data
    found = measure_case(name, lesion, cord, {"T2w": image}).values
    assert found["n_lesions"] == len(rows)
    assert found["total_volume_mm3"] == pytest.approx(sum(row["volume [mm3]"] for row in rows), rel=1e-3)
    assert found["longest_mm"] == pytest.approx(max(row["length [mm]"] for row in rows), rel=0.01)
    turned = reorient(Volume(image, cord.affine), "LPI").data
    other = measure_case(name, reorient(lesion, "LPI"), reorient(cord, "LPI"), {"T2w": turned}).values
    assert {name for name, value in other.items() if value is None} == {
        name for name, value in found.items() if value is None
    }
    known = {name: value for name, value in found.items() if value is not None}
    assert {name: other[name] for name in known} == pytest.approx(known, rel=1e-6)


def test_a_manual_cord_is_followed_as_sct_follows_it(real_data: Path) -> None:
    cord = read_mask(real_data / "t2_crop" / "t2_seg-manual.nii.gz")
    body = cord_body(Volume(np.zeros_like(cord.data), cord.affine), cord)
    assert body is not None
    golden = json.loads((real_data.parent / "golden" / "sct_analyze_lesion.json").read_text())["A"]
    angles = np.degrees(np.arccos(body.spacing[2] / body.along_mm))
    assert np.abs(angles - np.array(golden["angles_3d_deg"])).max() < 4
    assert 3 < np.median(body.half[:, 1]) < np.median(body.half[:, 0]) < 8


@pytest.mark.parametrize("level", [3, 5, 9])
def test_a_lesion_of_two_vertebrae_of_a_template_is_two_vertebrae_long(real_data: Path, level: int) -> None:
    folder = real_data.parent / "anatomy" / "pam50"
    cord, levels = read_volume(folder / "PAM50_cord.nii.gz"), read_mask(folder / "PAM50_levels.nii.gz")
    cord = Volume(cord.data > 0.5, cord.affine)
    lesion = Volume(cord.data & np.isin(levels.data, (level, level + 1)), cord.affine)
    found = measure_case("pam50", lesion, cord, {}, levels=levels.data).values
    assert found["n_lesions"] == 1
    assert found["longest_vertebrae"] == pytest.approx(2, abs=0.1)
    assert found["centre_level"] == pytest.approx(level + 1, abs=0.15)
    assert found["largest_section_share"] == 1
    assert found["dorsal_position"] == pytest.approx(0, abs=0.1)
