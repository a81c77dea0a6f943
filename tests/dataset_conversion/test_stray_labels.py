import pytest

from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.find_label import LabelFiles
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.stray_labels import stray_labels
from tests.conftest import SmallBids


def labels(*stems: str) -> dict[str, LabelFiles]:
    return {"lesion": LabelFiles({stem: [f"derivatives/labels/{stem}.nii.gz"] for stem in stems})}


@pytest.mark.parametrize(
    ("images", "stray", "likeliest"),
    [
        (["sub-42_T2w", "sub-7_T2w", "sub-8_T2w"], "sub-042_T2w_label-lesion_seg", "sub-42_T2w"),
        (["sub-chum07_T2w", "sub-7_T2w"], "sub-CHUM07_T2w_lesion-manual", "sub-chum07_T2w"),
        (["sub-zh01_T1w", "sub-zh01_T2w", "sub-7_T2w"], "sub-zh1_T2w_label-lesion_seg", "sub-zh01_T2w"),
        (["sub-1_ses-02_T2w", "sub-2_ses-01_T2w"], "sub-1_ses-2_T2w_label-lesion_seg", "sub-1_ses-02_T2w"),
        (["sub-zurich01_T2w"], "sub-7_T2w_label-lesion_seg", "sub-zurich01_T2w"),  # there is no other
    ],
)
def test_a_renamed_patient_s_labels_are_named_with_the_likeliest_image(
    images: list[str], stray: str, likeliest: str
) -> None:
    (said,) = stray_labels([f"{image}.nii.gz" for image in images], labels(stray))
    assert f"has labels and no image: {stray}; likeliest the image {likeliest}, which has no labels" in said


def test_no_image_is_guessed_that_has_labels_or_another_name() -> None:
    images = ["sub-10_T2w.nii.gz", "sub-zurich_T2w.nii.gz", "sub-bern_T2w.nii.gz"]
    (said,) = stray_labels(images, labels("sub-10_T2w_lesion", "sub-1_T2w_lesion"))
    assert said == "sub-1 has labels and no image: sub-1_T2w_lesion; no image without labels has a name like it"


def test_labels_that_have_their_image_and_files_of_no_subject_are_not_named() -> None:
    assert stray_labels(["sub-1/anat/sub-1_T2w.nii.gz"], labels("sub-1_T2w_lesion", "sub-1_T1w_lesion", "atlas")) == ()


def test_of_many_the_first_are_named_and_the_others_counted() -> None:
    said = stray_labels(["sub-x_T2w.nii.gz"], labels(*(f"sub-{at:02d}_T2w_lesion" for at in range(20))))
    assert len(said) == 7
    assert said[-1].startswith("14 more have labels and no image: sub-06, sub-07")


@pytest.mark.parametrize("profile", ["auto", "sci-zurich"])
def test_a_conversion_warns_of_labels_without_an_image(bids: SmallBids, profile: str) -> None:
    for stem in ("sub-1_T2w", "sub-2_T2w"):
        bids.case(stem)
    bids.labels("sub-042_T2w")
    bids.image("sub-42_T2w")
    sources = name_sources([str(bids.root)])
    plan = make_plan(sources, load_profile(profile), load_target("cord-lesion"), PlanOptions())
    (said,) = [warning for warning in plan.warnings if "has labels" in warning]
    assert said.startswith("site: sub-042 has labels and no image: sub-042_T2w_label-SC_seg, sub-042_T2w_label-lesion")
    assert "likeliest the image sub-42_T2w" in said
