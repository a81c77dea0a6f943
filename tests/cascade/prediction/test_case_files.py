from pathlib import Path

import pytest

from nnunet_ext.cascade.prediction.case_files import Naming, Wanted, name_files, output_stem, sidecar_of
from nnunet_ext.cascade.prediction.read_images import InputCase
from nnunet_ext.core.errors import DataRefusedError
from nnunet_ext.core.names import Dialect, ImageName, LabelClass, label_stem
from nnunet_ext.dataset_conversion.profile import load_profile

OUT = Path("out")
ALL = Wanted(probabilities=True, disagreement=True, centreline=True)
BIDS_CASE = InputCase("sub-01_ses-02_acq-sag_T2w", (), (), "sub-01/ses-02/anat")
OTHER_CASE = InputCase("site_sub-01_T2w", (), ())


def names(case: InputCase, naming: Naming, wanted: Wanted = ALL) -> list[str]:
    files = name_files(OUT, case, naming, ("sc", "lesion"), wanted)
    listed = [*files.segmentations, *(file for _, file in (*files.probabilities, *files.disagreement))]
    listed += [file for file in (files.centreline, files.centreline_table) if file is not None]
    return [file.relative_to(OUT).as_posix() for file in listed]


@pytest.mark.parametrize("label_class", ["sc", "lesion"])
def test_cord_and_lesion_are_named_as_everywhere_in_this_package(label_class: LabelClass) -> None:
    stem = "sub-01_acq-sag_T2w"
    for naming, dialect in ((Naming.BIDS, Dialect.BIDS), (Naming.NEUROPOLY, Dialect.NEUROPOLY)):
        assert output_stem(stem, label_class, naming, "mask", bids=True) == label_stem(stem, label_class, dialect)


@pytest.mark.parametrize("region", ["core", "cavity", "edema", "whole", "sc", "lesion"])
@pytest.mark.parametrize("naming", [Naming.BIDS, Naming.NEUROPOLY])
def test_a_conversion_finds_what_a_prediction_wrote(region: str, naming: Naming) -> None:
    image = ImageName("sub-01_T2w", (("sub", "01"),), "T2w")
    known = [image.fill(template) for template in load_profile("auto").classes[region].templates]
    assert output_stem(image.stem, region, naming, "mask", bids=True) in known


def test_bids_images_get_a_derivative_tree() -> None:
    start = "sub-01/ses-02/anat/sub-01_ses-02_acq-sag_label-"
    assert names(BIDS_CASE, Naming.BIDS) == [
        f"{start}SC_desc-T2w_mask.nii.gz",
        f"{start}lesion_desc-T2w_mask.nii.gz",
        f"{start}SC_desc-T2w_probseg.nii.gz",
        f"{start}lesion_desc-T2w_probseg.nii.gz",
        f"{start}SC_desc-T2w_disagreement.nii.gz",
        f"{start}lesion_desc-T2w_disagreement.nii.gz",
        f"{start}centerline_desc-T2w_mask.nii.gz",
        f"{start}centerline_desc-T2w_mask.csv",
    ]


def test_the_labs_get_their_own_tree_and_others_a_flat_folder() -> None:
    inside = "derivatives/labels/sub-01/ses-02/anat/sub-01_ses-02_acq-sag_T2w_label-"
    assert names(BIDS_CASE, Naming.NEUROPOLY)[:3] == [
        f"{inside}SC_seg.nii.gz",
        f"{inside}lesion_seg.nii.gz",
        f"{inside}SC_probseg.nii.gz",
    ]
    assert names(OTHER_CASE, Naming.BIDS, Wanted()) == [
        "site_sub-01_T2w_label-SC_mask.nii.gz",
        "site_sub-01_T2w_label-lesion_mask.nii.gz",
    ]


@pytest.mark.parametrize("case", [BIDS_CASE, OTHER_CASE])
def test_nnunet_gets_one_label_map_and_no_other_image_in_its_folder(case: InputCase) -> None:
    first, *others = names(case, Naming.NNUNET)
    assert first == f"{case.name}.nii.gz"
    assert len(others) == 6
    assert all("/" in name for name in others)


@pytest.mark.parametrize("naming", list(Naming))
def test_no_two_files_share_a_name_and_every_segmentation_has_a_sidecar(naming: Naming) -> None:
    listed = [name for case in (BIDS_CASE, OTHER_CASE) for name in names(case, naming)]
    assert len(set(listed)) == len(listed)
    files = name_files(OUT, BIDS_CASE, naming, ("sc", "lesion"), ALL)
    assert set(map(sidecar_of, files.segmentations)) < set(files.sidecars)
    assert all(file.name.endswith(".json") and ".nii" not in file.name for file in files.sidecars)


def test_regions_that_would_share_a_file_are_refused() -> None:
    with pytest.raises(DataRefusedError, match="lesion-1"):
        name_files(OUT, OTHER_CASE, Naming.BIDS, ("lesion-1", "Lesion1"), Wanted())
