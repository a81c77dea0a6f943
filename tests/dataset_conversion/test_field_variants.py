"""Ways in which labs name and place their files, by the row of the list of variants that each test's comment gives."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnunet_ext.core.nifti_write import write_image
from tests.conftest import SmallBids
from tests.dataset_conversion.lab import CORD, GRID, LESION, Lab, TreeHash, box, number_box

MakeBids = Callable[[str], SmallBids]


@pytest.fixture
def lab(bids: SmallBids, tmp_path: Path, tree_hash: TreeHash) -> Lab:
    return Lab(bids, tmp_path, tree_hash)


# 1
@pytest.mark.parametrize("tail", ["seg-manual", "seg", "label-SC_mask-manual", "label-SC_seg"])
def test_a_cord_mask_is_found_by_each_of_its_usual_names(lab: Lab, tail: str) -> None:
    lab.bids.image("sub-1_T2w")
    lab.label(f"sub-1_T2w_{tail}", CORD)
    answer = lab.convert("--target", "cord")
    assert answer.code == 0
    np.testing.assert_array_equal(answer.map("site_sub-1_T2w"), CORD)


# 1
def test_soft_cords_of_two_names_are_found_once_a_profile_names_them(lab: Lab) -> None:
    soft = CORD * np.linspace(0.2, 1.0, CORD.shape[2], dtype=np.float32)
    for subject, tail in (("sub-1", "desc-softseg_label-SC_seg"), ("sub-2", "label-SC_softseg")):
        lab.bids.image(f"{subject}_T2w")
        write_image(lab.bids.root / f"derivatives/labels/{subject}/anat/{subject}_T2w_{tail}.nii.gz", soft, GRID)
    said = lab.refuses_all("--target", "cord")
    assert "sub-1_T2w_label-SC_seg" in said
    assert "label files not used: T2w_desc-softseg_label-SC_seg (1), T2w_label-SC_softseg (1)" in said
    profile = lab.profile(
        '[classes.sc]\ntemplates = ["{image}_label-SC_softseg", "{image}_desc-softseg_label-SC_seg"]\nthreshold = 0.5\n'
    )
    answer = lab.convert("--target", "cord", "--profile", profile)
    assert answer.code == 0
    for subject in ("sub-1", "sub-2"):
        np.testing.assert_array_equal(answer.map(f"site_{subject}_T2w"), soft > 0.5)


# 2
@pytest.mark.parametrize("tail", ["lesion-manual", "label-lesion", "lesion", "label-lesion_seg"])
def test_a_lesion_mask_is_found_by_each_of_its_usual_names(lab: Lab, tail: str) -> None:
    lab.bids.image("sub-1_T2w")
    lab.label("sub-1_T2w_label-SC_seg", CORD)
    lab.label(f"sub-1_T2w_{tail}", LESION)
    answer = lab.convert()
    assert answer.code == 0
    np.testing.assert_array_equal(answer.map("site_sub-1_T2w"), CORD + LESION)


# 2
def test_no_part_of_a_longer_name_is_taken_for_a_lesion_mask(lab: Lab) -> None:
    lab.bids.case("sub-9_T2w")
    lab.bids.image("sub-1_T2w")
    lab.label("sub-1_T2w_label-SC_seg", CORD)
    for tail in ("lesion-manual-old", "label-lesion_seg_copy", "label-lesion_segmentation", "my_label-lesion_seg"):
        lab.label(f"sub-1_T2w_{tail}", LESION)
    lab.label("sub-1_acq-ax_T2w_label-lesion_seg", LESION)
    answer = lab.convert()
    assert answer.code == 3
    assert "no lesion mask" in answer.fates["site_sub-1_T2w"]
    assert answer.rows["site_sub-9_T2w"]["status"] == "include"


# 3
def test_tumour_core_cavity_and_oedema_keep_apart_and_a_whole_that_is_not_their_union_is_told(lab: Lab) -> None:
    parts = {name: number_box(number) for number, name in enumerate(("tumor", "cavity", "edema"))}
    whole = sum(parts.values()) + number_box(7)
    for subject, drawn in (("sub-1", whole), ("sub-2", sum(parts.values()))):
        lab.bids.image(f"{subject}_T2w")
        lab.bids.image(f"{subject}_ce-gad_T1w")
        for name, mask in {**parts, "whole-tumor": np.asarray(drawn)}.items():
            lab.label(f"{subject}_T2w_seg-{name}", mask)
    answer = lab.convert("--target", "tumor-only")
    assert answer.code == 0
    fused = parts["tumor"] + 2 * parts["cavity"] + 3 * parts["edema"]
    np.testing.assert_array_equal(answer.map("site_sub-1_T2w"), fused + 4 * number_box(7))
    np.testing.assert_array_equal(answer.map("site_sub-2_T2w"), fused)
    assert "whole: 4 voxels in none of its parts" in answer.rows["site_sub-1_T2w"]["geometry"]
    assert "whole" not in answer.rows["site_sub-2_T2w"]["geometry"]


# 4
def test_a_dataset_renamed_half_way_is_read_and_a_mask_under_both_names_is_refused(lab: Lab) -> None:
    for subject in ("sub-1", "sub-2", "sub-3"):
        lab.bids.image(f"{subject}_T2w")
    lab.label("sub-1_T2w_seg-manual", CORD)
    lab.label("sub-2_T2w_label-SC_seg", CORD)
    lab.label("sub-3_T2w_seg-manual", CORD)
    lab.label("sub-3_T2w_label-SC_seg", CORD)
    answer = lab.convert("--target", "cord")
    assert answer.code == 3
    for name in ("sub-3_T2w_seg-manual.nii.gz", "sub-3_T2w_label-SC_seg.nii.gz"):
        assert name in answer.fates["site_sub-3_T2w"]
    for subject in ("sub-1", "sub-2"):
        np.testing.assert_array_equal(answer.map(f"site_{subject}_T2w"), CORD)


# 5
@pytest.mark.parametrize("tail", ["{image}_label-{}_seg", "{entities}_label-{}_desc-{suffix}_mask"])
def test_each_contrast_takes_the_masks_that_bear_its_name(lab: Lab, tail: str) -> None:
    for number, contrast in enumerate(("T1w", "T2w", "T2star")):
        lab.bids.image(f"sub-1_{contrast}")
        name = tail.replace("{image}", f"sub-1_{contrast}").replace("{entities}", "sub-1").replace("{suffix}", contrast)
        lab.label(name.replace("{}", "SC"), CORD)
        lab.label(name.replace("{}", "lesion"), number_box(number))
    answer = lab.convert()
    assert answer.code == 0
    for number, contrast in enumerate(("T1w", "T2w", "T2star")):
        np.testing.assert_array_equal(answer.map(f"site_sub-1_{contrast}"), CORD + number_box(number))


# 5
def test_a_label_beside_its_image_is_never_converted_as_an_image(lab: Lab) -> None:
    lab.bids.case("sub-1_T2w")
    lab.bids.image("sub-1_T2w_label-lesion_seg", folder="sub-1/anat")
    answer = lab.convert()
    assert answer.code == 3
    assert "not a BIDS file name" in answer.fates["site_sub-1_T2w_label-lesion_seg"]
    assert answer.rows["site_sub-1_T2w"]["status"] == "include"


# 6
def test_each_class_comes_from_the_derivatives_folder_that_the_profile_names(lab: Lab) -> None:
    lab.bids.case("sub-1_T2w")  # with masks in derivatives/labels that are not to be taken
    lab.label("sub-1_T2w_label-SC_seg", CORD, "derivatives/labels_softseg_bin")
    lab.label("sub-1_T2w_label-lesion_seg", number_box(9), "derivatives/labels-ms-spinal-cord-only")
    profile = lab.profile(
        '[classes.sc]\nfolders = ["derivatives/labels_softseg_bin"]\n'
        '[classes.lesion]\nfolders = ["derivatives/labels-ms-spinal-cord-only"]\n'
    )
    answer = lab.convert("--profile", profile)
    assert answer.code == 0
    np.testing.assert_array_equal(answer.map("site_sub-1_T2w"), CORD + number_box(9))


# 7
def test_images_below_derivatives_are_read_from_there_and_raw_ones_are_not(lab: Lab) -> None:
    image = lab.bids.image("sub-1_T2w")  # raw: not to be taken
    folder = "derivatives/data_preprocessed/sub-1"
    values = np.arange(CORD.size, dtype=np.int16).reshape(CORD.shape)
    write_image(lab.bids.root / folder / "anat/sub-1_space-other_T2w.nii.gz", values, GRID)
    write_image(lab.bids.root / folder / "dwi/sub-1_rec-average_dwi.nii.gz", values // 2, GRID)
    for stem in ("sub-1_space-other_T2w", "sub-1_rec-average_dwi", image.name[:-7]):
        lab.label(f"{stem}_label-SC_seg", CORD)
    profile = lab.profile(
        '[images]\nroot = "derivatives/data_preprocessed"\nfolders = ["anat", "dwi"]\nsuffixes = ["T2w", "dwi"]\n'
    )
    answer = lab.convert("--target", "cord", "--profile", profile)
    assert answer.code == 0
    assert set(answer.rows) == {"site_sub-1_space-other_T2w", "site_sub-1_rec-average_dwi"}
    np.testing.assert_array_equal(answer.channel("site_sub-1_space-other_T2w"), values)
    np.testing.assert_array_equal(answer.channel("site_sub-1_rec-average_dwi"), values // 2)


# 8
@pytest.mark.parametrize("folder", ["sourcedata", "code", ".git/annex", ".datalad", "derivatives/labels/sourcedata"])
def test_copies_in_sourcedata_code_and_hidden_folders_are_never_entered(lab: Lab, folder: str) -> None:
    lab.bids.case("sub-1_T2w")
    for stem in ("sub-1_T2w", "sub-7_T2w", "sub-1_T2w_label-SC_seg"):
        lab.bids.image(stem, folder=f"{folder}/{stem[:5]}/anat")
    answer = lab.convert()
    assert answer.code == 0
    assert answer.fates == {"site_sub-1_T2w": "test"}


# 9
def test_of_several_raters_the_profile_says_who_counts(lab: Lab) -> None:
    drawn = {name: number_box(number) for number, name in enumerate(("rater1", "rater2", "rater10", "staple"))}
    for subject in ("sub-1", "sub-2"):
        lab.bids.image(f"{subject}_T2w")
        lab.label(f"{subject}_T2w_label-SC_seg", CORD)
        for rater, mask in drawn.items():
            if (subject, rater) != ("sub-2", "staple"):
                lab.label(f"{subject}_T2w_desc-{rater}_label-lesion_seg", mask)
    text = '[classes.lesion]\ntemplates = ["{image}_desc-{rater}_label-lesion_seg"]\nraters = '
    named = lab.convert("--profile", lab.profile(f'{text}"one"\nrater = "staple"\n'), raw="named")
    np.testing.assert_array_equal(named.map("site_sub-1_T2w"), CORD + drawn["staple"])
    assert "found staple" in named.fates["site_sub-2_T2w"]  # and so refused: nobody else is taken in its place
    highest = lab.convert("--profile", lab.profile(f'{text}"highest"\n'), raw="highest")
    np.testing.assert_array_equal(highest.map("site_sub-2_T2w"), CORD + drawn["rater10"])
    assert "staple" in highest.fates["site_sub-1_T2w"]
    each = lab.convert("--profile", lab.profile(f'{text}"each"\n'), raw="each")
    assert len(each.rows) == 4 + 3
    assert {len({row["split"] for row in each.rows.values() if row["subject"] == s}) for s in ("sub-1", "sub-2")} == {1}


# 10
def test_sessions_of_any_name_are_cases_of_one_patient(lab: Lab) -> None:
    sessions = ("01", "M0", "M12", "20180903")
    for subject in range(5):
        for number, session in enumerate(sessions):
            stem = f"sub-{subject}_ses-{session}_T2w"
            lab.bids.image(stem)
            lab.label(f"{stem}_label-SC_seg", CORD)
            lab.label(f"{stem}_label-lesion_seg", number_box(number))
    answer = lab.convert()
    assert answer.code == 0
    for subject in range(5):
        rows = {case: row for case, row in answer.rows.items() if row["subject"] == f"sub-{subject}"}
        assert {row["session"] for row in rows.values()} == set(sessions)
        assert len({row["split"] for row in rows.values()}) == 1
    for number, session in enumerate(sessions):
        np.testing.assert_array_equal(answer.map(f"site_sub-3_ses-{session}_T2w"), CORD + number_box(number))


# 11
def test_images_are_chosen_by_whole_values_of_their_entities(lab: Lab) -> None:
    for acquisition in ("ax", "axial", "sag", "sagittal", "sagthor", "sagcerv", "sagstir", "sup", "inf"):
        lab.bids.case(f"sub-1_acq-{acquisition}_T2w")
    lab.bids.case("sub-1_T2w")
    answer = lab.convert("--profile", lab.profile('[images]\nentities = { acq = "(sag|sagittal)" }\n'))
    assert answer.code == 0
    taken = {row["acquisition"] for row in answer.rows.values() if row["status"] == "include"}
    assert taken == {"sag", "sagittal"}
    assert answer.fates["site_sub-1_acq-sagstir_T2w"] == "entity acq is sagstir, the profile takes (sag|sagittal)"
    assert "entity acq is absent" in answer.fates["site_sub-1_T2w"]


# 11
def test_the_plane_is_told_by_the_voxels_and_not_by_a_name(lab: Lab) -> None:
    sagittal = np.array([[0, 0, 3, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]], np.float64)
    lab.bids.image("sub-1_acq-ax_T2w", affine=sagittal)
    lab.bids.labels("sub-1_acq-ax_T2w", affine=sagittal)
    answer = lab.convert()
    header, row = ((answer.folder / "qc.tsv").read_text().splitlines()[line].split("\t") for line in (0, 1))
    quality = dict(zip(header, row, strict=True))
    assert (quality["axes"], quality["spacing_mm"]) == ("ASR", "1 1 3")


# 12
def test_runs_and_chunks_are_cases_of_their_own(lab: Lab) -> None:
    parts = ("run-01", "run-02", "run-1", "chunk-1", "chunk-2", "acq-sag_run-04_chunk-3")
    for number, part in enumerate(parts):
        lab.bids.image(f"sub-1_{part}_T2w")
        lab.label(f"sub-1_{part}_T2w_label-SC_seg", CORD)
        if part != "run-1":  # whose lesions nobody drew: run-01 is another run
            lab.label(f"sub-1_{part}_T2w_label-lesion_seg", number_box(number))
    answer = lab.convert()
    assert "no lesion mask" in answer.fates["site_sub-1_run-1_T2w"]
    for number, part in enumerate(parts):
        if part != "run-1":
            np.testing.assert_array_equal(answer.map(f"site_sub-1_{part}_T2w"), CORD + number_box(number))
    row = answer.rows["site_sub-1_acq-sag_run-04_chunk-3_T2w"]
    assert (row["run"], row["chunk"]) == ("04", "3")


# 13
def test_contrasts_outside_bids_are_read_and_an_unknown_one_is_named(lab: Lab) -> None:
    known = ("PSIR", "STIR", "WMn", "MEGRE", "UNIT1", "T2starw", "PDw", "FLAIR", "MTS")
    for contrast in (*known, "UTE"):
        lab.bids.case(f"sub-1_{contrast}")
    answer = lab.convert()
    assert answer.code == 0
    assert {row["contrast"] for row in answer.rows.values() if row["status"] == "include"} == set(known)
    assert "contrast UTE is not among the profile's" in answer.fates["site_sub-1_UTE"]
    profile = lab.profile('[images]\nsuffixes = ["UTE"]\n')
    assert lab.convert("--profile", profile, raw="ute").fates["site_sub-1_UTE"] == "test"


# 14
def test_two_people_with_one_label_in_two_datasets_are_two_people(lab: Lab, make_bids: MakeBids) -> None:
    sets = {"dcm-a": number_box(1), "dcm-b": number_box(2)}
    for name, lesion in sets.items():
        one = Lab(make_bids(name), lab.tmp_path, lab.tree_hash)
        one.bids.image("sub-01_T2w")
        one.label("sub-01_T2w_label-SC_seg", CORD)
        one.label("sub-01_T2w_label-lesion_seg", lesion)
    split = lab.file("split.yml", "train:\n- dcm-a/sub-01\ntest:\n- dcm-b/sub-01\n")
    answer = lab.convert("--split-file", split, bids=(lab.tmp_path / "dcm-a", lab.tmp_path / "dcm-b"))
    assert answer.fates == {"dcm-a_sub-01_T2w": "train", "dcm-b_sub-01_T2w": "test"}
    for name, lesion in sets.items():
        np.testing.assert_array_equal(answer.map(f"{name}_sub-01_T2w"), CORD + lesion)


# 15
def test_a_mask_in_another_subject_s_or_session_s_folder_is_refused(lab: Lab) -> None:
    lab.bids.case("sub-1_ses-1_T2w")
    for stem, folder in (("sub-2_ses-1_T2w", "sub-3/ses-1"), ("sub-4_ses-1_T2w", "sub-4/ses-2")):
        lab.bids.image(stem)
        file = lab.label(f"{stem}_label-lesion_seg", LESION)
        lab.label(f"{stem}_label-SC_seg", CORD)
        place = lab.bids.root / "derivatives/labels" / folder / "anat"
        place.mkdir(parents=True)
        file.rename(place / file.name)
    answer = lab.convert()
    assert answer.code == 3
    assert "lies in another subject's folder" in answer.fates["site_sub-2_ses-1_T2w"]
    assert "lies in another session's folder" in answer.fates["site_sub-4_ses-1_T2w"]
    assert answer.rows["site_sub-1_ses-1_T2w"]["status"] == "include"


# 15
def test_an_image_in_another_session_s_folder_is_refused(lab: Lab) -> None:
    lab.bids.case("sub-1_ses-1_T2w")
    lab.bids.labels("sub-1_ses-3_T2w")
    lab.bids.image("sub-1_ses-3_T2w", folder="sub-1/ses-2/anat")
    answer = lab.convert()
    assert answer.fates["site_sub-1_ses-3_T2w"] == "the folder says ses-2 and the file says ses-3"
    np.testing.assert_array_equal(answer.map("site_sub-1_ses-1_T2w") > 0, box(slice(6, 10), slice(8, 12), slice(None)))
