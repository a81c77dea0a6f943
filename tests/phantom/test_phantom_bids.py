from pathlib import Path

import pytest

from nnunet_ext.core.names import Dialect
from nnunet_ext.phantom.bids import PARTICIPANT_COLUMNS, image_files, label_sidecar, participants_table
from nnunet_ext.phantom.contrast import Contrast
from nnunet_ext.phantom.patient import draw_patient
from nnunet_ext.phantom.site import Site, find_sites


@pytest.mark.parametrize(
    ("contrast", "session", "stem"),
    [
        (Contrast.T2W, None, "sub-tum007/anat/sub-tum007_acq-sag_T2w"),
        (Contrast.T2STARW, None, "sub-tum007/anat/sub-tum007_acq-sag_T2starw"),
        (Contrast.T1W_GADOLINIUM, 2, "sub-tum007/ses-02/anat/sub-tum007_ses-02_acq-sag_ce-gadolinium_T1w"),
        (Contrast.RANDOM, 1, "sub-tum007/ses-01/anat/sub-tum007_ses-01_acq-sag_random"),
    ],
)
def test_images_are_named_with_their_entities_in_bids_order(contrast: Contrast, session: int | None, stem: str) -> None:
    patient = draw_patient(find_sites(["tumor"])[0], 7, seed=0)
    assert image_files(patient, session, contrast, Dialect.NEUROPOLY).image == Path(stem)


@pytest.mark.parametrize(
    ("dialect", "cord", "lesion"),
    [
        (Dialect.NEUROPOLY, "sub-ms001_acq-ax_T2w_label-SC_seg", "sub-ms001_acq-ax_T2w_label-lesion_seg"),
        (Dialect.MANUAL, "sub-ms001_acq-ax_T2w_seg-manual", "sub-ms001_acq-ax_T2w_lesion-manual"),
        (Dialect.BIDS, "sub-ms001_acq-ax_label-SC_desc-T2w_mask", "sub-ms001_acq-ax_label-lesion_desc-T2w_mask"),
    ],
)
def test_masks_are_named_in_each_dialect_and_stand_in_the_derivatives(dialect: Dialect, cord: str, lesion: str) -> None:
    files = image_files(draw_patient(find_sites(["axial-ms"])[0], 1, seed=0), None, Contrast.T2W, dialect)
    folder = Path("derivatives/labels/sub-ms001/anat")
    assert (files.cord, files.lesion) == (folder / cord, folder / lesion)


def test_a_masks_sidecar_names_its_image_and_no_date_and_no_path_of_the_machine() -> None:
    sidecar = label_sidecar(Path("sub-x/anat/sub-x_T2w"))
    assert sidecar["Sources"] == ["bids:raw:sub-x/anat/sub-x_T2w.nii.gz"]
    assert sidecar["SpatialReference"] == "orig"
    assert [tool["Name"] for tool in sidecar["GeneratedBy"]] == ["nnunet_ext phantom"]
    assert not any("Date" in key for key in sidecar)


def test_the_table_has_a_described_column_for_every_value_and_says_na_for_what_is_missing(small_slices: Site) -> None:
    patients = [draw_patient(small_slices, number, seed=0) for number in (1, 2)]
    header, *rows = (line.split("\t") for line in participants_table(patients).splitlines())
    assert header == ["participant_id", *PARTICIPANT_COLUMNS]
    assert [row[0] for row in rows] == ["sub-tum001", "sub-tum002"]
    for row in rows:
        values = dict(zip(header, row, strict=True))
        assert values["pathology"] == "tumor"
        assert values["edss"] == values["motor_score"] == "n/a"
        assert 0 <= int(values["mjoa"]) <= 18
