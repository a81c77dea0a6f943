import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.dataset_conversion.names import parse_image_name, strip_ending

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
