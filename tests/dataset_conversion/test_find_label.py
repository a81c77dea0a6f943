import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.names import ImageName, parse_image_name
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.class_profile import ClassProfile, Missing, RaterRule
from nnunet_ext.dataset_conversion.find_label import Absent, LabelFiles, find_label
from nnunet_ext.dataset_conversion.ledger import Conversion
from nnunet_ext.dataset_conversion.plan import Labels, Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.planned_case import PlannedLabel
from nnunet_ext.dataset_conversion.profile import Profile, load_profile
from nnunet_ext.dataset_conversion.raters import fuse_raters
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.conftest import SHAPE, SmallBids
from tests.strategies import stems

FOLDER = "derivatives/labels"
NAMED = "{image}_desc-{rater}_label-lesion_seg"
PLAIN = ClassProfile(templates=("{image}_lesion",), folders=(FOLDER,))
RATED = ClassProfile(templates=(NAMED,), folders=(FOLDER,), raters="union")
DRAWN = {"rater1": slice(2, 6), "rater2": slice(4, 8), "rater3": slice(4, 9)}
"""The slices of the lesion that each rater drew."""


def named(stem: str) -> ImageName:
    name = parse_image_name(stem)
    assert name is not None
    return name


def files_of(*stems: str) -> LabelFiles:
    """Put each label where its name says."""
    return LabelFiles({stem: [f"{FOLDER}/{stem.split('_')[0]}/anat/{stem}.nii.gz"] for stem in stems})


def lesion(slices: slice) -> npt.NDArray[np.uint8]:
    mask = np.zeros(SHAPE, np.uint8)
    mask[7:9, 9:11, slices] = 1
    return mask


def draw(bids: SmallBids, stem: str, rater: str, slices: slice, label_class: str = "lesion") -> Path:
    tail = "label-SC" if label_class == "sc" else "label-lesion"
    name = f"{stem}_desc-{rater}_{tail}_seg" if rater else f"{stem}_{tail}_seg"
    path = bids.root / FOLDER / stem.split("_", 1)[0] / "anat" / f"{name}.nii.gz"
    write_mask(path, lesion(slices), np.diag([-1.0, 1.0, 2.0, 1.0]))
    return path


def rated_case(bids: SmallBids, stem: str, raters: Mapping[str, slice] = DRAWN) -> None:
    """Write an image, its cord, and a lesion mask of each rater."""
    bids.image(stem)
    bids.labels(stem)["lesion"].unlink()
    for rater, slices in raters.items():
        draw(bids, stem, rater, slices)


def rated_profile(rule: str, rater: str = "", *templates: str) -> Profile:
    auto = load_profile("auto")
    found = ClassProfile(templates=templates or (NAMED,), folders=(FOLDER,), raters=rule, rater=rater)
    return replace(auto, name="mine", classes={**auto.classes, "lesion": found})


def plan_of(bids: SmallBids, profile: Profile, labels: Labels = Labels.NEEDED) -> Plan:
    options = PlanOptions(test_fraction=0.25, seed=3, labels=labels)
    return make_plan(name_sources([str(bids.root)]), profile, load_target("cord-lesion"), options)


def convert(bids: SmallBids, profile: Profile) -> Conversion:
    return write_dataset(RawDataset.named(bids.root.parent / "raw", 7, "Cord"), plan_of(bids, profile))


def rows_of(done: Conversion) -> dict[str, dict[str, str]]:
    return {row["case"]: row for row in read_cases(done.dataset.folder)}


STEMS = stems(
    ("sub-1", "sub-10", "sub-101", "sub-01"),
    ("ses-1", "ses-10", "acq-ax", "acq-axial", "run-1"),
    ("T2w", "T2", "T1w"),
)
TEMPLATES = st.sampled_from(
    [
        ("{image}_lesion", "{image}_label-lesion"),
        ("{entities}_label-lesion_desc-{suffix}_mask",),
        (NAMED, "{image}_lesion-{rater}"),
    ]
)


@given(stems=st.lists(STEMS, min_size=2, max_size=8, unique=True), templates=TEMPLATES)
def test_no_image_takes_the_label_of_another(stems: list[str], templates: tuple[str, ...]) -> None:
    profile = replace(PLAIN, templates=templates)
    labels = {stem: named(stem).fill(templates[0], "rater1") for stem in stems}
    for image in stems:
        others = files_of(*(label for stem, label in labels.items() if stem != image))
        assert isinstance(find_label(named(image), "lesion", profile, others), Absent)
        found = find_label(named(image), "lesion", profile, files_of(*labels.values()))
        assert isinstance(found, PlannedLabel)
        assert [Path(path).name for _, path in found.files] == [f"{labels[image]}.nii.gz"]


@given(stems=st.lists(st.text("ab_1", max_size=4)), prefix=st.text("ab_1", max_size=3))
def test_names_that_start_alike_are_found_all_and_alone(stems: list[str], prefix: str) -> None:
    files = LabelFiles({stem: [stem] for stem in stems})
    assert files.starting_with(prefix) == sorted({stem for stem in stems if stem.startswith(prefix)})


def test_every_rater_s_mask_is_found_and_none_of_sub_10() -> None:
    files = files_of(*(f"sub-{n}_T2w_desc-rater{r}_label-lesion_seg" for n in (1, 10) for r in (1, 2, 10)))
    found = find_label(named("sub-1_T2w"), "lesion", RATED, files)
    assert isinstance(found, PlannedLabel)
    assert [rater for rater, _ in found.files] == ["rater1", "rater10", "rater2"]
    assert all("/sub-1/anat/sub-1_T2w_desc-" in path for _, path in found.files)


def test_a_rater_is_letters_and_digits_and_no_further_entity() -> None:
    files = files_of("sub-1_T2w_desc-rater1_acq-x_label-lesion_seg", "sub-1_T2w_desc-_label-lesion_seg")
    assert isinstance(find_label(named("sub-1_T2w"), "lesion", RATED, files), Absent)


def test_two_files_for_one_mask_are_a_fault_under_any_policy() -> None:
    profile = replace(PLAIN, templates=("{image}_lesion", "{image}_lesion-manual"), missing=Missing.EMPTY)
    found = find_label(named("sub-1_T2w"), "lesion", profile, files_of("sub-1_T2w_lesion", "sub-1_T2w_lesion-manual"))
    assert isinstance(found, Absent)
    assert (found.refused, found.fault) == (True, True)
    assert found.reason.startswith("two files claim to be its lesion mask: ")
    assert "sub-1_T2w_lesion.nii.gz and " in found.reason


def test_two_files_of_one_rater_are_a_fault_that_names_the_rater_and_both() -> None:
    profile = replace(RATED, templates=(NAMED, "{image}_lesion-{rater}"))
    files = files_of("sub-1_T2w_desc-ann_label-lesion_seg", "sub-1_T2w_lesion-ann", "sub-1_T2w_lesion-ben")
    found = find_label(named("sub-1_T2w"), "lesion", profile, files)
    assert isinstance(found, Absent)
    assert found.fault
    assert "two files claim to be its lesion mask of ann: " in found.reason
    assert found.reason.count(".nii.gz") == 2


def test_one_mask_in_two_formats_is_two_files() -> None:
    files = LabelFiles({"sub-1_T2w_lesion": [f"{FOLDER}/sub-1/a.nii", f"{FOLDER}/sub-1/a.nii.gz"]})
    assert isinstance(find_label(named("sub-1_T2w"), "lesion", PLAIN, files), Absent)


def test_a_mask_in_another_subject_s_folder_is_a_fault_under_any_policy() -> None:
    files = LabelFiles({"sub-1_T2w_lesion": [f"{FOLDER}/sub-10/anat/sub-1_T2w_lesion.nii.gz"]})
    for policy in (Missing.ERROR, Missing.SKIP, Missing.EMPTY, Missing.IGNORE):
        found = find_label(named("sub-1_T2w"), "lesion", replace(PLAIN, missing=policy), files, why_empty="healthy")
        assert isinstance(found, Absent)
        assert (found.refused, found.fault) == (True, True)
        assert "another subject's folder: derivatives/labels/sub-10/" in found.reason


def test_a_mask_in_no_subject_s_folder_is_taken() -> None:
    files = LabelFiles({"sub-1_T2w_lesion": [f"{FOLDER}/sub-1_T2w_lesion.nii.gz"]})
    assert isinstance(find_label(named("sub-1_T2w"), "lesion", PLAIN, files), PlannedLabel)


def test_what_a_missing_mask_means_is_what_the_policy_says() -> None:
    image, none = named("sub-1_T2w"), files_of()
    for policy, refused in ((Missing.ERROR, True), (Missing.SKIP, False)):
        absent = find_label(image, "lesion", replace(RATED, missing=policy), none)
        assert isinstance(absent, Absent)
        assert (absent.refused, absent.fault) == (refused, False)
        assert absent.reason == (
            "no lesion mask: looked in derivatives/labels for sub-1_T2w_desc-{rater}_label-lesion_seg"
        )
    empty = find_label(image, "lesion", replace(PLAIN, missing=Missing.EMPTY), none)
    assert empty == PlannedLabel("lesion", why_empty="no file, taken as empty")
    ignored = find_label(image, "lesion", replace(PLAIN, missing=Missing.IGNORE), none)
    assert ignored == PlannedLabel("lesion")
    assert find_label(image, "lesion", PLAIN, none, why_empty="healthy") == PlannedLabel("lesion", why_empty="healthy")


@pytest.mark.parametrize(
    ("rule", "rater", "slices"),
    [
        ("one", "rater2", slice(4, 8)),
        ("highest", "", slice(4, 9)),
        ("union", "", slice(2, 9)),
        ("majority", "", slice(4, 8)),
        ("staple", "", None),
    ],
)
def test_several_raters_become_one_mask_by_the_rule_and_that_is_written_down(
    bids: SmallBids, rule: str, rater: str, slices: slice | None
) -> None:
    rated_case(bids, "sub-1_T2w")
    done = convert(bids, rated_profile(rule, rater))
    row = rows_of(done)["site_sub-1_T2w"]
    written = read_mask(done.dataset.label("site_sub-1_T2w", row["split"])).data == 2
    masks = {name: lesion(where) for name, where in DRAWN.items()}
    expected = lesion(slices) if slices is not None else fuse_raters(masks, RaterRule(rule))
    np.testing.assert_array_equal(written, expected == 1)
    assert f"raters by rule {rule}: rater1 16, rater2 16, rater3 20 voxels" in row["geometry"]
    assert len(row["label"].split(";")) == 1 + len(DRAWN)


def test_a_rater_who_is_not_there_is_refused_with_those_who_are(bids: SmallBids) -> None:
    rated_case(bids, "sub-1_T2w")
    rated_case(bids, "sub-2_T2w", {"rater1": slice(2, 4)})
    rows = rows_of(convert(bids, rated_profile("one", "rater3")))
    assert rows["site_sub-1_T2w"]["status"] == "include"
    assert "one of rater1; found rater3" in rows["site_sub-2_T2w"]["reason"]


def test_each_rater_makes_a_case_and_all_of_a_patient_s_stay_together(bids: SmallBids) -> None:
    for number in range(1, 9):
        rated_case(bids, f"sub-{number}_T2w", {rater: DRAWN[rater] for rater in ("rater1", "rater2")})
    done = convert(bids, rated_profile("each"))
    rows = rows_of(done)
    assert set(rows) == {f"site_sub-{n}_T2w_rater{r}" for n in range(1, 9) for r in (1, 2)}
    assert (done.counts.train, done.counts.test) == (12, 4)
    for number in range(1, 9):
        one, other = (rows[f"site_sub-{number}_T2w_rater{rater}"] for rater in (1, 2))
        assert (one["split"], one["image"]) == (other["split"], other["image"])
        for row, rater in ((one, "rater1"), (other, "rater2")):
            written = read_mask(done.dataset.label(row["case"], row["split"])).data == 2
            np.testing.assert_array_equal(written, lesion(DRAWN[rater]) == 1)
            assert done.dataset.image(row["case"], row["split"]).is_file()
    for fold in json.loads((done.dataset.folder / "splits_final.json").read_text()):
        patients = {part: {case.rpartition("_")[0] for case in fold[part]} for part in ("train", "val")}
        assert not patients["train"] & patients["val"]
        assert len(fold["val"]) == 2 * len(patients["val"])


def test_a_rater_who_drew_one_class_only_makes_no_case(bids: SmallBids) -> None:
    bids.image("sub-1_T2w")
    for rater in ("rater1", "rater2"):
        draw(bids, "sub-1_T2w", rater, DRAWN[rater])
    draw(bids, "sub-1_T2w", "rater1", slice(0, 12), "sc")
    mine = rated_profile("each")
    cord = replace(mine.classes["lesion"], templates=("{image}_desc-{rater}_label-SC_seg",))
    plan = plan_of(bids, replace(mine, classes={**mine.classes, "sc": cord}))
    assert {case.case: (case.reason, case.refused) for case in plan.cases} == {
        "site_sub-1_T2w_rater1": ("", False),
        "site_sub-1_T2w_rater2": ("rater rater2 has drawn no sc mask", False),
    }


def test_a_mask_without_a_rater_beside_those_of_raters_is_a_case_of_the_image_s_own_name(bids: SmallBids) -> None:
    rated_case(bids, "sub-1_T2w", {"": slice(1, 2), "rater1": slice(2, 4)})
    plan = plan_of(bids, rated_profile("each", "", NAMED, "{image}_label-lesion_seg"))
    assert [case.case for case in plan.cases] == ["site_sub-1_T2w", "site_sub-1_T2w_rater1"]


def test_a_label_that_cannot_be_right_is_refused_where_others_go_to_the_pool(bids: SmallBids) -> None:
    bids.case("sub-1_T2w")
    bids.image("sub-2_T2w")
    bids.image("sub-3_T2w")
    file = bids.labels("sub-3_T2w")["lesion"]
    (bids.root / FOLDER / "sub-1/anat" / file.name).write_bytes(file.read_bytes())
    for label in bids.root.glob("derivatives/labels/sub-3/anat/*"):
        label.unlink()
    fates = {case.case: case for case in plan_of(bids, load_profile("auto"), Labels.POOL).cases}
    assert [fates[f"site_sub-{number}_T2w"].split for number in (1, 2)] == ["test", "pool"]
    assert fates["site_sub-3_T2w"].refused
    assert "another subject's folder" in fates["site_sub-3_T2w"].reason


@pytest.mark.parametrize(
    "stem",
    ["sub-1_acq-sag_T2w_desc-rater3_lesion", "sub-1_space-orig_acq-sag_T2w_lesion", "sub-1_T2w_acq-sag_lab-7_lesion"],
)
def test_entities_of_a_mask_s_own_do_not_part_it_from_its_image(stem: str) -> None:
    others = ["sub-10_acq-sag_T2w_lesion", "sub-1_acq-ax_T2w_lesion", "sub-1_acq-sag_T1w_lesion"]
    found = find_label(named("sub-1_acq-sag_T2w"), "lesion", PLAIN, files_of(stem, *others))
    assert isinstance(found, PlannedLabel)
    assert [Path(path).name for _, path in found.files] == [f"{stem}.nii.gz"]


def test_two_masks_with_entities_of_their_own_are_named_and_none_is_chosen() -> None:
    files = files_of("sub-1_T2w_desc-rater1_lesion", "sub-1_T2w_desc-rater3_lesion")
    found = find_label(named("sub-1_T2w"), "lesion", PLAIN, files)
    assert isinstance(found, Absent)
    assert found.refused
    assert "rater1" in found.reason
    assert "rater3" in found.reason


def test_a_plain_mask_goes_before_and_a_soft_one_is_none_of_these() -> None:
    files = files_of("sub-1_T2w_lesion", "sub-1_T2w_desc-rater3_lesion")
    found = find_label(named("sub-1_T2w"), "lesion", PLAIN, files)
    assert isinstance(found, PlannedLabel)
    assert found.files[0][1].endswith("/sub-1_T2w_lesion.nii.gz")
    assert isinstance(find_label(named("sub-1_T2w"), "lesion", PLAIN, files_of("sub-1_T2w_desc-soft_lesion")), Absent)
