import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.active_learning.ingest.downloaded import Downloaded, downloaded, mask_stem_of


@given(
    st.from_regex(r"[a-z]{1,8}_sub-[A-Za-z0-9]{1,8}_T2w_label-(SC|lesion)_seg", fullmatch=True),
    st.from_regex(r"[0-9a-f]{12}", fullmatch=True),
    st.sampled_from(["{}.nii.gz", "{} (1).nii.gz", "{}.nii (12).gz", "{}(3).nii.gz", "{}-2.nii.gz", "{}.nii"]),
)
def test_whatever_a_browser_adds_mask_and_digest_are_told_apart(mask: str, digest: str, name: str) -> None:
    file = name.format(f"{mask}__{digest}")
    assert downloaded(file) == Downloaded(mask, digest)
    assert mask_stem_of(file) == mask


@pytest.mark.parametrize(
    "name", ["sub-1_T2w_seg__0123456789.nii.gz", "sub-1_T2w__0123456789ab.txt", ".x__0123456789ab.nii", "a_seg.nii.gz"]
)
def test_other_names_are_left_as_they_are(name: str) -> None:
    assert downloaded(name) is None
