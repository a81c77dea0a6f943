from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import UsageError
from nnunet_ext.core.names import parse_image_name
from nnunet_ext.core.nifti_read import read_mask, read_volume
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.raw_dataset import RawDataset
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.cases_table import read_cases
from nnunet_ext.dataset_conversion.group_channels import ImageGroup, Named, group_channels
from nnunet_ext.dataset_conversion.ledger import Conversion
from nnunet_ext.dataset_conversion.plan import PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import load_profile
from nnunet_ext.dataset_conversion.source import name_sources
from nnunet_ext.dataset_conversion.write import write_dataset
from tests.conftest import SmallBids
from tests.strategies import stems

TUMOR = load_target("tumor-only")


def images(*stems: str) -> list[Named]:
    found = []
    for stem in stems:
        name = parse_image_name(stem)
        assert name is not None
        found.append((f"{name.subject}/anat/{stem}.nii.gz", name))
    return found


def grouped(*stems: str, **policies: str) -> list[ImageGroup]:
    profile = load_profile("auto").with_missing({name.replace("_", "-"): policy for name, policy in policies.items()})
    return group_channels(images(*stems), profile, TUMOR)


def paired(groups: list[ImageGroup]) -> list[tuple[str, ...]]:
    """Give the stems of the groups that make a case."""
    return [
        tuple(path.rpartition("/")[2].removesuffix(".nii.gz") for path in group.images)
        for group in groups
        if not group.reason
    ]


def test_contrasts_of_one_subject_session_and_run_make_a_case() -> None:
    groups = grouped(
        *(f"sub-{s}_ses-{v}_{r}{c}" for s in (1, 10) for v in (1, 2) for r, c in (("ce-gd_", "T1w"), ("", "T2w"))),
        "sub-2_run-1_T2w", "sub-2_run-2_T2w", "sub-2_ce-gd_run-1_T1w", "sub-2_ce-gd_run-2_T1w",
    )  # fmt: skip
    assert paired(groups) == [
        ("sub-1_ses-1_T2w", "sub-1_ses-1_ce-gd_T1w"),
        ("sub-1_ses-2_T2w", "sub-1_ses-2_ce-gd_T1w"),
        ("sub-10_ses-1_T2w", "sub-10_ses-1_ce-gd_T1w"),
        ("sub-10_ses-2_T2w", "sub-10_ses-2_ce-gd_T1w"),
        ("sub-2_run-1_T2w", "sub-2_ce-gd_run-1_T1w"),
        ("sub-2_run-2_T2w", "sub-2_ce-gd_run-2_T1w"),
    ]
    assert len(groups) == 6


def test_of_several_candidates_that_of_the_same_acquisition_and_chunk_is_taken() -> None:
    groups = grouped(
        "sub-1_acq-ax_T2w", "sub-1_acq-sag_T2w", "sub-1_acq-ax_ce-gd_T1w", "sub-1_acq-sag_ce-gd_T1w",
        "sub-2_chunk-1_T2w", "sub-2_chunk-2_T2w", "sub-2_ce-gd_chunk-2_T1w", "sub-2_ce-gd_chunk-1_T1w",
    )  # fmt: skip
    assert paired(groups) == [
        ("sub-1_acq-ax_T2w", "sub-1_acq-ax_ce-gd_T1w"),
        ("sub-1_acq-sag_T2w", "sub-1_acq-sag_ce-gd_T1w"),
        ("sub-2_chunk-1_T2w", "sub-2_ce-gd_chunk-1_T1w"),
        ("sub-2_chunk-2_T2w", "sub-2_ce-gd_chunk-2_T1w"),
    ]


def test_the_only_image_of_a_channel_is_taken_whatever_its_acquisition() -> None:
    assert paired(grouped("sub-1_acq-sag_T2w", "sub-1_acq-mprage_ce-gd_T1w")) == [
        ("sub-1_acq-sag_T2w", "sub-1_acq-mprage_ce-gd_T1w")
    ]


def test_candidates_that_cannot_be_told_apart_are_refused_by_name_under_any_policy() -> None:
    for policy in ("error", "skip", "zero"):
        first, *others = grouped("sub-1_T2w", "sub-1_acq-a_ce-gd_T1w", "sub-1_acq-b_ce-gd_T1w", T1w_gad=policy)
        assert (first.images, first.refused) == (("sub-1/anat/sub-1_T2w.nii.gz",), True)
        assert first.reason.startswith("several images could be its channel T1w-gad: ")
        assert "sub-1_acq-a_ce-gd_T1w.nii.gz and sub-1/anat/sub-1_acq-b_ce-gd_T1w.nii.gz" in first.reason
        assert [other.reason for other in others] == ["a further image of channel T1w-gad"] * 2
        assert not any(other.refused for other in others)


@pytest.mark.parametrize(("policy", "refused"), [("skip", False), ("error", True)])
def test_a_missing_channel_leaves_the_case_out_or_refuses_it(policy: str, refused: bool) -> None:
    groups = grouped("sub-1_T2w", "sub-2_ce-gd_T1w", T1w_gad=policy, T2w=policy)
    assert [(group.reason, group.refused) for group in groups] == [
        ("no image of channel T1w-gad of the same subject, session and run", refused),
        ("no image of channel T2w of the same subject, session and run", refused),
    ]


def test_a_missing_channel_may_be_zero_and_the_case_bears_the_name_of_the_other() -> None:
    groups = grouped("sub-1_T2w", "sub-2_ce-gd_T1w", T1w_gad="zero", T2w="zero")
    assert paired(groups) == [("sub-1_T2w", ""), ("", "sub-2_ce-gd_T1w")]
    assert [group.name.stem for group in groups] == ["sub-1_T2w", "sub-2_ce-gd_T1w"]


def test_another_session_s_image_never_fills_a_channel() -> None:
    groups = grouped("sub-1_ses-1_T2w", "sub-1_ses-2_ce-gd_T1w", "sub-10_ses-1_ce-gd_T1w", T1w_gad="zero", T2w="zero")
    assert paired(groups) == [
        ("sub-1_ses-1_T2w", ""), ("", "sub-1_ses-2_ce-gd_T1w"), ("", "sub-10_ses-1_ce-gd_T1w"),
    ]  # fmt: skip


STEMS = stems(
    ("sub-1", "sub-10"),
    ("", "ses-1", "ses-2"),
    ("", "acq-ax", "acq-sag"),
    ("", "ce-gd"),
    ("", "run-1"),
    ("T1w", "T2w", "PSIR"),
)


@given(stems=st.lists(STEMS, unique=True, max_size=12), policy=st.sampled_from(["error", "skip", "zero"]))
def test_every_image_stands_in_a_group_and_no_group_mixes_visits(stems: list[str], policy: str) -> None:
    groups = grouped(*stems, T1w_gad=policy, T2w=policy)
    assert {path for group in groups for path in group.images} - {""} == {path for path, _ in images(*stems)}
    for group in groups:
        names = [name for path, name in images(*stems) if path in group.images]
        assert len({(name.subject, name.entity("ses"), name.entity("run")) for name in names}) == 1
        assert group.name in names
        if not group.reason:
            assert len(group.images) == len(TUMOR.channels)
            assert all(name.suffix == "T2w" or name.entity("ce") == "gd" for name in names)
    anchors = Counter(group.name.stem for group in groups)
    assert all(count == 1 for count in anchors.values())


def test_a_target_of_any_contrast_makes_a_case_of_each_image() -> None:
    profile = load_profile("sci-zurich")
    groups = group_channels(images("sub-1_acq-ax_T2w", "sub-1_acq-ax_T1w"), profile, load_target("cord"))
    assert [(len(group.images), group.reason) for group in groups] == [
        (1, ""), (1, "contrast T1w is not among the profile's: T2w"),
    ]  # fmt: skip


def test_a_profile_without_the_channel_is_told_how_to_name_it() -> None:
    with pytest.raises(
        UsageError, match=r"does not say which images are T2w, T1w-gad; write one with \[channels\.T2w\]"
    ):
        group_channels(images("sub-1_T2w"), load_profile("sci-paris"), TUMOR)
    auto = load_profile("auto")
    half = replace(auto, channels={"T2w": auto.channels["T2w"]})
    with pytest.raises(UsageError, match=r"does not say which images are T1w-gad"):
        group_channels(images("sub-1_T2w"), half, TUMOR)


def tumor(bids: SmallBids, *stems: str) -> None:
    """Write images of one case, and the tumour's masks by the name of the first."""
    for stem in stems:
        bids.image(stem)
    lesion = bids.labels(stems[0])["lesion"]
    mask = read_mask(lesion)
    for name in ("tumor", "cavity", "edema"):
        path = lesion.with_name(f"{stems[0]}_seg-{name}.nii.gz")
        write_mask(path, mask.data if name == "tumor" else 0 * mask.data, mask.affine)


def convert(bids: SmallBids, policies: Mapping[str, str]) -> tuple[Conversion, dict[str, dict[str, str]]]:
    profile = load_profile("auto").with_missing(policies)
    plan = make_plan(name_sources([str(bids.root)]), profile, TUMOR, PlanOptions(test_fraction=0.0))
    done = write_dataset(RawDataset.named(bids.root.parent / "raw", 7, "Tumor"), plan)
    return done, {row["case"].removeprefix("site_"): row for row in read_cases(done.dataset.folder)}


@pytest.fixture
def three(bids: SmallBids) -> SmallBids:
    """sub-1 has both contrasts, sub-2 lacks the T1w, and sub-3 the T2w."""
    tumor(bids, "sub-1_T2w", "sub-1_ce-gd_T1w")
    tumor(bids, "sub-2_T2w")
    tumor(bids, "sub-3_ce-gd_T1w")
    return bids


def test_both_channels_are_written_and_nnunet_is_told_their_names(three: SmallBids) -> None:
    done, rows = convert(three, {})
    assert (done.counts.train, done.counts.skipped, done.counts.refused) == (1, 2, 0)
    assert "no image of channel T2w" in rows["sub-3_ce-gd_T1w"]["reason"]
    names = ["site_sub-1_T2w_0000.nii.gz", "site_sub-1_T2w_0001.nii.gz"]
    assert sorted(path.name for path in (done.dataset.folder / "imagesTr").iterdir()) == names
    for channel, stem in enumerate(("sub-1_T2w", "sub-1_ce-gd_T1w")):
        written = read_volume(done.dataset.image("site_sub-1_T2w", "train", channel))
        source = read_volume(three.root / f"sub-1/anat/{stem}.nii.gz")
        np.testing.assert_array_equal(written.data, source.data)
    assert done.dataset.read_dataset_json()["channel_names"] == {"0": "T2w", "1": "T1w-gad"}
    row = rows["sub-1_T2w"]
    assert row["image"] == "sub-1/anat/sub-1_T2w.nii.gz;sub-1/anat/sub-1_ce-gd_T1w.nii.gz"
    assert (row["missing_channels"], len(row["image_sha256"].split(";"))) == ("n/a", 2)


def test_a_channel_taken_as_zero_is_zero_and_that_is_written_down(three: SmallBids) -> None:
    done, rows = convert(three, {"T2w": "zero", "T1w-gad": "zero"})
    assert (done.counts.train, done.counts.found) == (3, 3)
    for stem, missing, name in (("sub-2_T2w", 1, "T1w-gad"), ("sub-3_ce-gd_T1w", 0, "T2w")):
        row = rows[stem]
        assert row["missing_channels"] == str(missing)
        assert f"{name}: no image, all zero" in row["geometry"]
        assert len(row["image_sha256"].split(";")) == 1
        channels = [read_volume(done.dataset.image(f"site_{stem}", "train", index)) for index in (0, 1)]
        assert not channels[missing].data.any()
        assert channels[missing].data.shape == channels[1 - missing].data.shape
        np.testing.assert_array_equal(channels[missing].affine, channels[1 - missing].affine)
        source = read_volume(three.root / row["image"])
        np.testing.assert_array_equal(channels[1 - missing].data, source.data)
        label = read_mask(done.dataset.label(f"site_{stem}", "train"))
        assert int((label.data == 1).sum()) == 12
    assert done.dataset.read_dataset_json()["channel_names"] == {"0": "T2w", "1": "T1w-gad"}


def test_a_channel_that_must_be_there_refuses_the_cases_without(three: SmallBids) -> None:
    done, rows = convert(three, {"T2w": "error", "T1w-gad": "error"})
    assert (done.counts.train, done.counts.refused, done.counts.skipped) == (1, 2, 0)
    assert "no image of channel T1w-gad" in rows["sub-2_T2w"]["reason"]


def test_images_that_no_case_uses_stand_in_the_table_too(bids: SmallBids) -> None:
    tumor(bids, "sub-1_acq-sag_T2w", "sub-1_acq-sag_ce-gd_T1w")
    for stem in ("sub-1_T1w", "sub-1_acq-ax_ce-gd_T1w", "sub-1_PSIR"):
        bids.image(stem)
    done, rows = convert(bids, {})
    none = "it is none of the channels T2w, T1w-gad"
    assert {stem: row["reason"] for stem, row in rows.items()} == {
        "sub-1_acq-sag_T2w": "n/a",
        "sub-1_T1w": none,
        "sub-1_PSIR": none,
        "sub-1_acq-ax_ce-gd_T1w": "a further image of channel T1w-gad",
    }
    assert (done.counts.found, done.counts.train, done.counts.skipped, done.counts.refused) == (4, 1, 3, 0)
