import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.names import image_stem, parse_case, parse_image_name, strip_ending

LABEL = st.text(st.sampled_from("abcXYZ0189+"), min_size=1, max_size=8)


@given(subject=LABEL, session=st.none() | LABEL, acquisition=st.none() | LABEL, suffix=st.sampled_from(["T2w", "PSIR"]))
def test_a_name_is_taken_apart_and_put_together_again(
    subject: str, session: str | None, acquisition: str | None, suffix: str
) -> None:
    parts = [f"sub-{subject}"]
    parts += [f"ses-{session}"] if session else []
    parts += [f"acq-{acquisition}"] if acquisition else []
    stem = "_".join([*parts, suffix])
    name = parse_image_name(f"{stem}.nii.gz")
    assert name is not None
    assert name.stem == stem
    assert (name.subject, name.entity("ses"), name.entity("acq")) == (parts[0], session or "", acquisition or "")
    assert name.suffix == suffix


@pytest.mark.parametrize(
    "file",
    ["sub-01.nii.gz", "sub-01 copy_T2w.nii.gz", "T2w.nii.gz", "sub-_T2w.nii.gz", "sub-01_acq_T2w.nii.gz",
     "sub-é_T2w.nii.gz", "sub-01_T2w\n.nii.gz", "sub-.._T2w.nii.gz", "../sub-01_T2w.nii.gz"],
)  # fmt: skip
def test_what_is_not_a_bids_name_is_not_guessed(file: str) -> None:
    assert parse_image_name(file) is None


def test_a_label_is_named_by_the_profile_s_template() -> None:
    name = parse_image_name("sub-1_acq-ax_T2w.nii.gz")
    assert name is not None
    assert name.fill("{image}_label-SC_seg") == "sub-1_acq-ax_T2w_label-SC_seg"
    assert name.fill("{entities}_label-SC_desc-{suffix}_mask") == "sub-1_acq-ax_label-SC_desc-T2w_mask"


def test_both_endings_are_dropped() -> None:
    assert [strip_ending(name) for name in ("a.nii.gz", "a.nii", "a.json")] == ["a", "a", "a.json"]


def test_only_images_that_are_not_hidden_have_a_stem_and_capitals_are_read() -> None:
    names = ("a.nii.gz", "a.nii", "a.NII.GZ", "a.json", ".a.nii.gz")
    assert [image_stem(name) for name in names] == ["a", "a", "a", None, None]


@pytest.mark.parametrize(
    ("case", "subject", "session", "contrast", "folder"),
    [
        ("sub-01_T2w", "sub-01", "", "T2w", "sub-01/anat"),
        ("zurich_sub-01_ses-M12_acq-sag_T2w", "sub-01", "ses-M12", "T2w", "sub-01/ses-M12/anat"),
        ("two_words_sub-01_ses-2", "sub-01", "ses-2", "", "sub-01/ses-2/anat"),
        ("sub-01", "sub-01", "", "", "sub-01/anat"),
        ("case_7", "", "", "", ""),
        ("xsub-1_T2w", "", "", "", ""),
        ("", "", "", "", ""),
    ],
)
def test_a_case_says_whose_it_is_also_behind_its_dataset(
    case: str, subject: str, session: str, contrast: str, folder: str
) -> None:
    name = parse_case(case)
    assert (name.subject, name.session, name.suffix, name.folder) == (subject, session, contrast, folder)


@given(dataset=st.text(st.sampled_from("abAB01-"), min_size=1, max_size=6), subject=LABEL, suffix=LABEL)
def test_a_dataset_before_it_changes_nothing_of_what_a_name_says(dataset: str, subject: str, suffix: str) -> None:
    assert parse_case(f"{dataset}_sub-{subject}_{suffix}") == parse_image_name(f"sub-{subject}_{suffix}.nii")
