from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.nifti_write import write_image, write_mask
from nnunet_ext.report.review.view_case import view_case
from nnunet_ext.report.sources.record import CaseRecord, MaskFile

SHAPE = (16, 16, 8)


@pytest.fixture
def record(tmp_path: Path) -> CaseRecord:
    cord = np.zeros(SHAPE, dtype=np.uint8)
    cord[6:10, 6:10] = 1
    write_mask(tmp_path / "cord.nii.gz", cord, np.eye(4))
    write_image(tmp_path / "sub-1_ses-2_T2w.nii.gz", cord * 9, np.eye(4))
    mask = {"sc": MaskFile(tmp_path / "cord.nii.gz")}
    return CaseRecord("site_sub-1_ses-2_T2w", image=tmp_path / "sub-1_ses-2_T2w.nii.gz", prediction=mask)


def test_a_case_is_drawn_from_its_files(record: CaseRecord) -> None:
    viewed = view_case(record)
    assert not viewed.problems
    assert viewed.status == "shown"
    assert [sheet.kind for sheet in viewed.sheets] == ["sagittal", "axial"]
    assert viewed.regions == ("sc",)
    assert viewed.warnings == ()


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("x", "sub-1_ses-2_acq-sag_T2w.nii.gz", "sub-1/ses-2/anat/sub-1_ses-2_acq-sag_T2w.nii.gz"),
        ("lyon_sub-1_T2w", None, "sub-1/anat/sub-1_T2w.nii.gz"),
        ("lyon_sub-1_T2w", "lyon_sub-1_T2w_0000.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("sub-1_T2w", "image7_0000.nii.gz", "sub-1/anat/sub-1_T2w.nii.gz"),
        ("patient 7", "image7_0000.nii.gz", "image7.nii.gz"),
        ("/data/jane/sub 7", None, "_data_jane_sub 7.nii.gz"),
    ],
)
def test_images_are_called_as_in_their_bids_dataset(name: str, image: str | None, expected: str) -> None:
    path = None if image is None else Path("/nowhere/jane") / image
    assert view_case(CaseRecord(name, image=path)).file_name == expected


def test_a_case_without_any_file_says_so(record: CaseRecord) -> None:
    viewed = view_case(CaseRecord("sub-9_T2w"))
    assert viewed.status == "refused"
    assert viewed.reason == "no file of this case is known"
    assert viewed.sheets == ()


def test_a_missing_file_is_named_without_its_folder(record: CaseRecord, tmp_path: Path) -> None:
    viewed = view_case(replace(record, prediction={"sc": MaskFile(tmp_path / "gone.nii.gz")}))
    assert viewed.problems
    assert any("gone.nii.gz" in text for text in viewed.warnings)
    assert not any(str(tmp_path) in text for text in viewed.warnings)
    assert viewed.sheets  # the image is shown all the same


def test_a_mask_with_other_axes_is_turned_onto_the_image(record: CaseRecord, tmp_path: Path) -> None:
    cord = np.zeros(SHAPE, dtype=np.uint8)
    cord[6:10, 6:10] = 1
    flipped = np.diag([-1.0, 1.0, 1.0, 1.0])
    flipped[0, 3] = SHAPE[0] - 1
    write_mask(tmp_path / "flipped.nii.gz", cord[::-1], flipped)
    viewed = view_case(replace(record, prediction={"sc": MaskFile(tmp_path / "flipped.nii.gz")}))
    assert viewed.warnings == ()
    assert viewed.sheets[1].layers == view_case(record).sheets[1].layers


def test_metrics_become_numbers_to_sort_by_and_infinite_ones_are_missing(record: CaseRecord) -> None:
    row = {"case": "x", "region": "lesion", "dsc": "0.25", "assd": "inf", "hd95": "n/a", "status": "ok"}
    values = view_case(replace(record, metrics=(row,))).values
    assert values == {"lesion dsc": 0.25, "lesion assd": None, "lesion hd95": None}


def test_the_folds_disagreement_is_the_uncertainty(record: CaseRecord, tmp_path: Path) -> None:
    spread = np.zeros(SHAPE, dtype=np.float32)
    spread[6:8, 6:8, 2] = 0.2
    spread[6:8, 6:8, 3] = 0.4
    write_image(tmp_path / "disagreement.nii.gz", spread, np.eye(4))
    values = view_case(replace(record, uncertain={"sc": tmp_path / "disagreement.nii.gz"})).values
    assert values["sc uncertainty"] == pytest.approx(0.3)
    torn = view_case(replace(record, uncertain={"sc": tmp_path / "gone.nii.gz"}))
    assert torn.values["sc uncertainty"] is None
    assert torn.problems


def test_lesions_can_be_rated_one_by_one(record: CaseRecord) -> None:
    measured = ({"lesion": "1", "volume_mm3": "12.34", "length_mm": "n/a"}, {"lesion": "0", "volume_mm3": "n/a"})
    assert view_case(replace(record, biomarkers=measured)).lesions == ((1, "12.3 mm³, – mm long"),)
    scored = (
        {"lesion": "1", "side": "reference", "region": "lesion", "volume_mm3": "5", "matched": "1"},
        {"lesion": "1", "side": "prediction", "region": "lesion", "volume_mm3": "7", "matched": "0"},
    )
    assert view_case(replace(record, lesions=scored)).lesions == ((1, "7.0 mm³, no counterpart"),)
