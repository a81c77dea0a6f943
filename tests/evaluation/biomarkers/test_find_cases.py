import json
from pathlib import Path

import pytest

from nnunet_ext.core.errors import DataRefusedError, UsageError
from nnunet_ext.core.labels import Labelling
from nnunet_ext.core.names import parse_case
from nnunet_ext.core.target import load_target
from nnunet_ext.evaluation.biomarkers.find_cases import Sources, find_lesion_cases
from nnunet_ext.evaluation.biomarkers.instance_file import instance_file


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_a_folder_of_predictions_gives_lesions_with_their_cords_and_nothing_else(tmp_path: Path) -> None:
    stem = "sub-01/anat/sub-01_label-{}_desc-T2w_{}.nii.gz"
    names = [stem.format(*parts) for parts in (("lesion", "mask"), ("SC", "mask"), ("lesion", "probseg"))]
    touch(tmp_path, *names, "sub-02/anat/sub-02_label-lesion_desc-T1w_mask.nii.gz")
    found, alone = find_lesion_cases(Sources(tmp_path, probability=None))
    assert (found.case, found.cord) == ("sub-01_T2w", tmp_path / names[1])
    assert (alone.case, alone.cord) == ("sub-02_T1w", None)
    assert "volumes only" in alone.notes[0]


def test_plain_names_are_paired_whole(tmp_path: Path) -> None:
    touch(tmp_path / "lesions", "case_1.nii.gz", "case_10.nii.gz")
    touch(tmp_path / "cords", "case_10.nii.gz")
    touch(tmp_path / "images", "case_1_0000.nii.gz", "case_10_0000.nii.gz")
    short, long = find_lesion_cases(Sources(tmp_path / "lesions", tmp_path / "cords", image=tmp_path / "images"))
    assert (long.case, long.cord) == ("case_10", tmp_path / "cords" / "case_10.nii.gz")
    assert "no cord mask" in short.reason
    assert long.image == tmp_path / "images" / "case_10_0000.nii.gz"


@pytest.mark.parametrize(
    ("lesion", "cord"),
    [("t2_lesion", "t2_seg"), ("t2_lesion_seg", "t2_sc_seg"), ("t2_seg", "t2_seg"), ("t2", "t2_label-SC_seg")],
)
def test_the_names_of_the_spinal_cord_toolbox_are_paired(tmp_path: Path, lesion: str, cord: str) -> None:
    touch(tmp_path, f"x/{lesion}.nii.gz", f"y/{cord}.nii.gz")
    (case,) = find_lesion_cases(Sources(tmp_path / "x", tmp_path / "y"))
    assert case.cord == tmp_path / "y" / f"{cord}.nii.gz"
    assert case.case in {"t2", "t2_seg"}


def test_an_image_beside_the_masks_is_never_taken_for_a_cord(tmp_path: Path) -> None:
    touch(tmp_path, "sub-1_T2w.nii.gz", "sub-1_T2w_lesion.nii.gz", "sub-2_T2w_seg.nii.gz")
    (case,) = find_lesion_cases(Sources(tmp_path))
    assert (case.case, case.cord) == ("sub-1_T2w", None)


def test_label_maps_are_known_by_their_dataset_json(tmp_path: Path) -> None:
    touch(tmp_path / "labelsTs", "a.nii.gz")
    labels = {"background": 0, "sc": [1, 2], "lesion": 2}
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    (case,) = find_lesion_cases(Sources(tmp_path / "labelsTs"))
    assert case.labels == Labelling.of_dataset_json({"labels": labels})
    assert find_lesion_cases(Sources(tmp_path / "labelsTs" / "a.nii.gz"))[0].labels == case.labels
    for other in ({"labels": {"background": 0, "sc": 1}}, {}):
        (tmp_path / "dataset.json").write_text(json.dumps(other))
        assert find_lesion_cases(Sources(tmp_path / "labelsTs"))[0].labels is None
    (tmp_path / "dataset.json").unlink()
    assert find_lesion_cases(Sources(tmp_path / "labelsTs"))[0].labels is None
    known = Labelling.of_target(load_target("cord-lesion"))
    assert find_lesion_cases(Sources(tmp_path / "labelsTs", label_maps=True))[0].labels == known


def test_two_masks_of_one_case_are_refused_by_name(tmp_path: Path) -> None:
    touch(tmp_path, "a/sub-1_T2w_lesion-manual.nii.gz", "b/sub-1_T2w_label-lesion_seg.nii.gz")
    (case,) = find_lesion_cases(Sources(tmp_path))
    assert "sub-1_T2w_lesion-manual.nii.gz, sub-1_T2w_label-lesion_seg.nii.gz" in case.reason


def test_folds_that_lack_a_case_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "x/a.nii.gz", "f0/a.nii.gz", "f1/b.nii.gz")
    (case,) = find_lesion_cases(Sources(tmp_path / "x", folds=(tmp_path / "f0", tmp_path / "f1")))
    assert case.folds == (tmp_path / "f0" / "a.nii.gz",)
    assert "--folds number 1" in " ".join(case.notes)


def test_one_cord_for_several_lesions_is_a_wrong_command(tmp_path: Path) -> None:
    touch(tmp_path, "x/a.nii.gz", "x/b.nii.gz", "cord.nii.gz")
    with pytest.raises(UsageError, match="2 lesion masks"):
        find_lesion_cases(Sources(tmp_path / "x", tmp_path / "cord.nii.gz"))


def test_an_input_without_a_mask_says_what_was_needed(tmp_path: Path) -> None:
    with pytest.raises(DataRefusedError, match=r"CASE\.nii\.gz"):
        find_lesion_cases(Sources(tmp_path))
    with pytest.raises(DataRefusedError, match="--lesion: there is nothing at"):
        find_lesion_cases(Sources(tmp_path / "nowhere"))


def test_two_contrasts_of_a_patient_have_two_files() -> None:
    assert instance_file("sub-01_T1w") != instance_file("sub-01_T2w")
    assert instance_file("sub-01_ses-2_T2w").startswith("sub-01/ses-2/anat/sub-01_ses-2_desc-T2w")
    assert parse_case("zurich_sub-01_ses-02_T2w").session == "ses-02"
    assert parse_case("case_7").subject == parse_case("case_7").suffix == ""


@pytest.mark.parametrize("own", ["desc-rater3", "space-orig", "res-high_den-32k", "hemi-L_lab-7"])
def test_entities_of_a_mask_s_own_do_not_part_it_from_its_cord_and_image(tmp_path: Path, own: str) -> None:
    folder = "sub-01/anat"
    lesion, cord = f"{folder}/sub-01_T2w_{own}_label-lesion_seg.nii.gz", f"{folder}/sub-01_T2w_label-SC_seg.nii.gz"
    touch(tmp_path / "labels", lesion, cord)
    touch(tmp_path / "images", f"{folder}/sub-01_T2w.nii.gz", f"{folder}/sub-01_T1w.nii.gz")
    (found,) = find_lesion_cases(Sources(tmp_path / "labels", image=tmp_path / "images"))
    assert (found.case, found.reason) == ("sub-01_T2w", "")
    assert (found.cord, found.image) == (tmp_path / "labels" / cord, tmp_path / "images" / folder / "sub-01_T2w.nii.gz")


def test_two_raters_masks_of_one_image_are_named_and_none_is_chosen(tmp_path: Path) -> None:
    touch(tmp_path, *(f"sub-01_T2w_desc-rater{rater}_label-lesion_seg.nii.gz" for rater in (1, 3)))
    (case,) = find_lesion_cases(Sources(tmp_path))
    assert "desc-rater1" in case.reason
    assert "desc-rater3" in case.reason
