import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nnunet_ext.cli.main import main
from nnunet_ext.core.names import Dialect
from nnunet_ext.core.nifti_read import read_mask
from nnunet_ext.core.nifti_write import write_mask
from nnunet_ext.core.target import load_target
from nnunet_ext.dataset_conversion.plan import Labels, Plan, PlanOptions, make_plan
from nnunet_ext.dataset_conversion.profile import AUTO, Profile, load_profile, shipped_profiles
from nnunet_ext.dataset_conversion.recognise import recognise
from nnunet_ext.dataset_conversion.source import Source, name_sources
from tests.conftest import SmallBids

MakeBids = Callable[[str], SmallBids]


def plan_of(
    *folders: Path | str, profile: Profile | None = None, target: str = "cord-lesion", labels: Labels = Labels.NEEDED
) -> Plan:
    sources = name_sources([str(folder) for folder in folders])
    return make_plan(sources, profile or load_profile(AUTO), load_target(target), PlanOptions(labels=labels))


def describe(bids: SmallBids, name: object) -> None:
    (bids.root / "dataset_description.json").write_text(json.dumps({"Name": name, "BIDSVersion": "1.9.0"}))


def move_labels(bids: SmallBids, subject: str, folder: str) -> None:
    """Let a subject's labels lie in another derivatives folder."""
    other = bids.root / "derivatives" / folder
    other.mkdir(exist_ok=True)
    (bids.root / "derivatives" / "labels" / subject).rename(other / subject)


def test_a_dataset_is_known_by_every_name_and_alias_of_a_shipped_profile(tmp_path: Path) -> None:
    auto = load_profile(AUTO)
    for shipped in shipped_profiles():
        for name in (shipped.name, *shipped.aliases):
            for written in (name, name.upper()):
                profile, said = recognise(Source("here", tmp_path / written), auto)
                assert profile == shipped
                assert said == (f"known by its name {written!r}: profile {shipped.name} (for another: --profile)",)


@pytest.mark.parametrize("folder", ["sci-colorado", "SCI-Colorado-RPI", "sci-colorado=bids", "described"])
def test_a_known_dataset_is_read_by_its_profile_and_that_is_said(
    make_bids: MakeBids, tmp_path: Path, folder: str
) -> None:
    bids = make_bids(folder.rpartition("=")[2])
    for subject in ("sub-5416", "sub-5425"):
        bids.case(f"{subject}_T2w", Dialect.MANUAL)
    bids.image("sub-5416_T1w")
    if folder == "described":
        describe(bids, "sci-colorado")
    plan = plan_of(folder.replace("bids", str(bids.root)) if "=" in folder else bids.root)
    name = folder.partition("=")[0]
    assert plan.profiles == {name: load_profile("sci-colorado")}
    known = name if folder != "described" else "sci-colorado"
    assert plan.assumptions[0] == f"{name}: known by its name {known!r}: profile sci-colorado (for another: --profile)"
    reasons = {case.case: case.reason for case in plan.cases}
    assert reasons.pop(f"{name}_sub-5416_T1w") == "contrast T1w is not among the profile's: T2w"
    assert set(reasons.values()) == {""}


def test_a_description_with_a_byte_order_mark_still_says_its_name(bids: SmallBids) -> None:
    (bids.root / "dataset_description.json").write_text('{"Name": "SCT_Tumor"}', encoding="utf-8-sig")
    assert recognise(Source("site", bids.root), load_profile(AUTO))[0].name == "lemay-tumor"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"sci-paris"', b'{"Name": null}', b'{"Name": 5}', b'{"Name": ["sci-paris"]}',
     b"\xff\xfe\x00", b"[" * 100_000],
    ids=lambda content: repr(content[:12]),
)  # fmt: skip
def test_a_broken_description_does_no_harm(bids: SmallBids, content: bytes) -> None:
    bids.case("sub-1_T2w")
    (bids.root / "dataset_description.json").write_bytes(content)
    plan = plan_of(bids.root)
    assert plan.profiles == {"site": load_profile(AUTO)}
    assert [case.reason for case in plan.cases] == [""]


def test_a_description_that_is_a_folder_does_no_harm(bids: SmallBids) -> None:
    bids.case("sub-1_T2w")
    (bids.root / "dataset_description.json").mkdir()
    assert plan_of(bids.root).profiles == {"site": load_profile(AUTO)}


def test_of_a_dataset_that_nobody_knows_is_said_what_was_found(bids: SmallBids) -> None:
    for subject, dialect in (("sub-1", Dialect.MANUAL), ("sub-2", Dialect.MANUAL), ("sub-3", Dialect.NEUROPOLY)):
        bids.case(f"{subject}_ses-1_acq-sag_T2w", dialect)
        cord = read_mask(bids.labels(f"{subject}_ses-1_acq-sag_T2w", dialect)["sc"])
        disc = bids.root / f"derivatives/labels/{subject}/ses-1/anat/{subject}_ses-1_acq-sag_T2w_labels-disc.nii.gz"
        write_mask(disc, cord.data, cord.affine)
    bids.image("sub-1_ses-1_T1w")
    bids.image("sub-1_ses-1_angio")
    sites = {"sub-1": "geneva", "sub-2": "basel", "sub-3": "n/a"}
    bids.participants([{"participant_id": subject, "site": site} for subject, site in sites.items()])
    assert plan_of(bids.root).assumptions == (
        "site: contrasts: T2w (3), T1w (1)",
        "site: sc masks in derivatives/labels: {image}_seg-manual (2), {image}_label-SC_seg (1)",
        "site: lesion masks in derivatives/labels: {image}_lesion-manual (2), {image}_label-lesion_seg (1)",
        "site: label files not used: T2w_labels-disc (3)",
        "site: sites: participants.tsv (2 participants)",
    )


def test_masks_of_classes_that_the_target_has_not_count_as_not_used(bids: SmallBids) -> None:
    bids.case("sub-1_T2w")
    assert plan_of(bids.root, target="cord").assumptions == (
        "site: contrasts: T2w (1)",
        "site: sc masks in derivatives/labels: {image}_label-SC_seg (1)",
        "site: label files not used: T2w_label-lesion_seg (1)",
        "site: site: the dataset's name",
    )


def test_a_dataset_without_any_mask_says_so(bids: SmallBids) -> None:
    bids.image("sub-1_T2w")
    said = plan_of(bids.root).assumptions
    assert "site: sc masks in derivatives/labels: none found" in said
    assert "site: lesion masks in derivatives/labels: none found" in said


def test_where_nothing_is_annotated_nothing_is_said_of_masks(bids: SmallBids) -> None:
    bids.image("sub-1_T2w")
    said = plan_of(bids.root, labels=Labels.NONE).assumptions
    assert said == ("site: contrasts: T2w (1)", "site: site: the dataset's name")


def test_each_dataset_s_assumptions_bear_its_name(make_bids: MakeBids) -> None:
    one, other = make_bids("one"), make_bids("other")
    one.case("sub-1_T2w")
    other.case("sub-1_T1w")
    said = plan_of(one.root, other.root).assumptions
    assert {"one: contrasts: T2w (1)", "other: contrasts: T1w (1)"} <= set(said)


def test_labels_in_another_derivatives_folder_are_found_and_that_is_said(bids: SmallBids) -> None:
    for subject in ("sub-1", "sub-2", "sub-3"):
        bids.case(f"{subject}_T2w")
        move_labels(bids, subject, "old" if subject == "sub-3" else "annotations")
    (bids.root / "derivatives" / "labels").rmdir()
    plan = plan_of(bids.root)
    fates = {case.case: case.reason for case in plan.cases}
    assert (fates["site_sub-1_T2w"], fates["site_sub-2_T2w"]) == ("", "")
    assert "looked in derivatives/annotations" in fates["site_sub-3_T2w"]
    for name in ("sc", "lesion"):
        assert plan.profiles["site"].classes[name].folders == ("derivatives/annotations",)
        assert (
            f"site: derivatives/labels is empty or missing, {name} masks from derivatives/annotations; "
            "passed over: derivatives/old"
        ) in plan.assumptions


def test_labels_elsewhere_are_looked_for_only_where_the_usual_folder_has_none(bids: SmallBids) -> None:
    for subject in ("sub-1", "sub-2"):
        bids.case(f"{subject}_T2w")
    move_labels(bids, "sub-2", "annotations")
    plan = plan_of(bids.root)
    assert "looked in derivatives/labels" in {case.case: case.reason for case in plan.cases}["site_sub-2_T2w"]
    assert not any("annotations" in sentence for sentence in plan.assumptions)


def test_a_profile_that_was_asked_for_is_followed_to_the_letter(make_bids: MakeBids) -> None:
    bids = make_bids("sci-colorado")
    bids.case("sub-1_T2w")
    move_labels(bids, "sub-1", "annotations")
    mine = replace(load_profile(AUTO), name="mine")
    plan = plan_of(bids.root, profile=mine)
    assert plan.profiles == {"sci-colorado": mine}
    assert plan.assumptions == ()
    assert plan.cases[0].refused


def test_a_policy_of_the_command_line_counts_for_a_known_dataset_too(
    make_bids: MakeBids, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bids = make_bids("sci-colorado")
    bids.case("sub-1_T2w", Dialect.MANUAL)
    bids.image("sub-2_T2w")
    bids.labels("sub-2_T2w", Dialect.MANUAL)["lesion"].unlink()
    monkeypatch.setenv("nnUNet_raw", str(tmp_path / "raw"))
    assert main(["convert", str(bids.root), "-d", "7", "-n", "Cord", "--missing", "lesion=empty"]) == 0
    told = capsys.readouterr()
    assert "profile sci-colorado" in told.err
    assert "0 refused" in told.out
